/* route_copy.c - sender_bcc_maps, recipient_bcc_maps: who gets a copy. */
#include "base/event.h"
#include "rules/route_parts.h"

static const struct event_by by = { .program = "cleanup" };

enum table_status
route_copy(struct route *route, struct world *world, struct arena *arena,
    const char *address, bool sender, const char **copy)
{
	const struct table_list *list =
	    sender ? route->sender_bcc_maps : route->recipient_bcc_maps;
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	struct table_value value;
	enum table_status status;

	if (*address == '\0')
		return TABLE_NONE;
	status = route_find_all(&ask, list, address, NULL, &value);
	if (status == TABLE_FAILED)
		event_warning(&by,
		    "%s map lookup problem -- message not accepted, try again "
		    "later",
		    sender ? "sender_bcc_maps" : "recipient_bcc_maps");
	if (status == TABLE_FOUND)
		*copy = value.text;
	return status;
}
