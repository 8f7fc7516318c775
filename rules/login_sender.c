/* login_sender.c - see login_sender.h. */
#include "rules/login_sender.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "rules/address.h"
#include "rules/world.h"

/* The sender's address without an extension. */
static const char *
bare(const struct login_sender *who, struct arena *arena)
{
	const char *at = strrchr(who->sender, '@'), *extension;
	const char *domain = at != NULL ? at : "";
	const char *local = at != NULL
	    ? arena_strndup(arena, who->sender, (size_t)(at - who->sender))
	    : who->sender;
	const char *user =
	    address_split_extension(arena, local, who->delimiters, &extension);

	return arena_printf(arena, "%s%s", user != NULL ? user : local, domain);
}

static bool
allows(const char *pattern, const char *sender, const char *null)
{
	const char *at = strrchr(sender, '@');

	if (strcmp(pattern, "*") == 0)
		return true;
	if (sender[0] == '\0')
		return strcmp(pattern, null) == 0;
	if (pattern[0] == '@')
		return at != NULL && strcasecmp(pattern, at) == 0;
	return strcasecmp(pattern, sender) == 0;
}

enum table_status
login_sender_match(const struct table_list *maps, struct world *world,
    struct arena *arena, const struct login_sender *who)
{
	struct table_value value;
	enum table_status status;
	const char *list, *pattern, *sender;

	if (who->login == NULL)
		return TABLE_NONE;
	status = world_find_any(world, arena, maps, who->login, &value);
	if (status != TABLE_FOUND)
		return status;
	sender = bare(who, arena);
	list = value.text;
	while ((pattern = conf_word(&list, arena)) != NULL)
		if (allows(pattern, sender, who->null) ||
		    allows(pattern, who->sender, who->null))
			return TABLE_FOUND;
	return TABLE_NONE;
}
