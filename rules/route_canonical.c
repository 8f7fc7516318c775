/* route_canonical.c - canonical(5). */
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/address.h"
#include "rules/route_parts.h"

static const struct event_by by = { .program = "cleanup" };

enum { MOST_NESTED = 10 };

/* Apply ${list} to *address until it has no other answer. */
static enum table_status
apply(
    const struct route_ask *ask, const struct table_list *list, char **address)
{
	enum table_status changed = TABLE_NONE;
	char **results;
	size_t count;

	for (int n = 0; n < MOST_NESTED; n++) {
		char *old = *address;
		enum table_status status = route_map_find(ask, list, old,
		    ask->route->propagate_canonical, &results, &count);

		if (status == TABLE_NONE)
			return changed;
		if (status == TABLE_FAILED) {
			event_warning(&by,
			    "%s map lookup problem for %s -- message not "
			    "accepted, try again later",
			    list->name, old);
			return TABLE_FAILED;
		}
		if (count > 1)
			event_warning(&by, "multi-valued %s entry for %s",
			    list->name, old);
		*address = results[0];
		changed = TABLE_FOUND;
		if (strcmp(address_fold(ask->arena, old),
			address_fold(ask->arena, *address)) == 0)
			return changed;
	}
	/* Postfix says so, too, and accepts it all the same. */
	event_warning(&by,
	    "unreasonable %s map nesting for %s -- message not accepted, try "
	    "again later",
	    list->name, *address);
	return TABLE_FOUND;
}

enum table_status
route_canonical(struct route *route, struct world *world, struct arena *arena,
    const char *address, char which, char **result)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	bool sender = which == 's' || which == 'S';
	unsigned class = route_class(which);
	const struct table_list *own = sender ? route->sender_canonical_maps
					      : route->recipient_canonical_maps;
	unsigned own_classes = sender ? route->sender_canonical_classes
				      : route->recipient_canonical_classes;
	enum table_status first = TABLE_NONE, second = TABLE_NONE;

	*result = arena_strdup(arena, address);
	if (*address == '\0')
		return TABLE_NONE;
	if ((own_classes & class) != 0)
		first = apply(&ask, own, result);
	if (first != TABLE_FAILED && (route->canonical_classes & class) != 0)
		second = apply(&ask, route->canonical_maps, result);
	if (first == TABLE_FAILED || second == TABLE_FAILED)
		return TABLE_FAILED;
	return first == TABLE_FOUND ? first : second;
}

enum table_status
route_canonical_all(struct route *route, struct world *world,
    struct arena *arena, const char *address, char which, char **result)
{
	enum table_status first, second;

	first = route_canonical(route, world, arena, address, which, result);
	if (first == TABLE_FAILED)
		return first;
	second = route_masquerade(route, world, arena, *result, which, result);
	return second == TABLE_NONE ? first : second;
}
