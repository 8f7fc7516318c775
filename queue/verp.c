/* verp.c - see verp.h. */
#include "queue/verp.h"

#include <string.h>

#include "base/arena.h"

bool
verp_is_valid(const char *delimiters, const char *filter)
{
	return strlen(delimiters) == 2 &&
	    strchr(filter, delimiters[0]) != NULL &&
	    strchr(filter, delimiters[1]) != NULL;
}

/* The length of the local part. */
static int
local_length(const char *address)
{
	const char *at = strrchr(address, '@');

	return (int)(at != NULL ? at - address : (long)strlen(address));
}

const char *
verp_address(struct arena *arena, const char *delimiters, const char *sender,
    const char *recipient)
{
	int from = local_length(sender), to = local_length(recipient);
	const char *domain = recipient[to] == '@' ? recipient + to + 1 : NULL;

	if (domain == NULL)
		return arena_printf(arena, "%.*s%c%.*s%s", from, sender,
		    delimiters[0], to, recipient, sender + from);
	return arena_printf(arena, "%.*s%c%.*s%c%s%s", from, sender,
	    delimiters[0], to, recipient, delimiters[1], domain, sender + from);
}
