/* local_names.c - see local_names.h. */
#include "delivery/local_names.h"

#include <string.h>

#include "base/arena.h"
#include "rules/address.h"

unsigned
local_names(struct arena *arena, const char *address, const char *delimiters,
    const char *names[LOCAL_NAMES])
{
	const char *at = strrchr(address, '@'), *extension;

	names[0] = arena_lower(arena,
	    at != NULL ? arena_strndup(arena, address, (size_t)(at - address))
		       : address);
	if (delimiters[0] == '\0')
		return 1;
	names[1] =
	    address_split_extension(arena, names[0], delimiters, &extension);
	return names[1] != NULL ? 2 : 1;
}
