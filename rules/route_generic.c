/* route_generic.c - generic(5): what an address is outside. */
#include "base/arena.h"
#include "base/event.h"
#include "rules/route_parts.h"

enum table_status
route_generic(struct route *route, struct world *world, struct arena *arena,
    const struct table_list *list, const char *address, char **result)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	enum table_status status = TABLE_NONE;
	char **results;
	size_t count;

	*result = arena_strdup(arena, address);
	if (*address != '\0')
		status = route_map_find(&ask, list, address,
		    route->propagate_generic, &results, &count);
	if (status != TABLE_FOUND)
		return status;
	if (count > 1)
		event_warning(
		    NULL, "multi-valued %s result for %s", list->name, address);
	*result = results[0];
	return TABLE_FOUND;
}
