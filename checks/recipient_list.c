/* recipient_list.c - see recipient_list.h. */
#include "checks/recipient_list.h"

#include <stdbool.h>

#include "base/arena.h"
#include "checks/site.h"
#include "rules/address.h"
#include "rules/match.h"

struct search {
	struct match *list;
	struct world *world;
	struct arena *arena;
	enum table_status status;
};

/* One question to the list; true: it has decided. */
static bool
listed(struct search *s, enum match_as as, const char *name)
{
	const struct match_question question = { as, name, NULL };
	struct match_member member = { 0 };

	s->status =
	    match_which(s->list, s->world, s->arena, &question, &member);
	return s->status != TABLE_NONE || member.excludes;
}

enum table_status
recipient_list_find(const struct site *site, struct match *list,
    struct world *world, struct arena *arena, const char *address)
{
	struct search s = { list, world, arena, TABLE_NONE };
	const char *domain = address_domain(address);
	const char *local, *bare = NULL, *extension;

	if (match_empty(list))
		return TABLE_NONE;
	if (listed(&s, MATCH_AS_STRING, address) || domain == NULL)
		return s.status;
	local = arena_strndup(arena, address, (size_t)(domain - address) - 1);
	if (site->delimiters[0] != '\0')
		bare = address_split_extension(
		    arena, local, site->delimiters, &extension);
	if (bare != NULL &&
	    listed(&s, MATCH_AS_STRING,
		arena_printf(arena, "%s@%s", bare, domain)))
		return s.status;
	if (!listed(&s, MATCH_AS_STRING,
		arena_printf(arena, "%s@", bare != NULL ? bare : local)))
		(void)listed(&s, MATCH_AS_DOMAIN, domain);
	return s.status;
}
