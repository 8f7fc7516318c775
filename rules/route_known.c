/* route_known.c - is a recipient (or sender) listed where its address class
 * has its recipients? */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "rules/address.h"
#include "rules/route_parts.h"

/* Is ${address} a key in one of the ${lists}? */
static enum table_status
listed(const struct route_ask *ask, struct table_list *const *lists,
    const char *address)
{
	enum table_status status = TABLE_NONE;
	struct table_value value;

	for (; *lists != NULL && status == TABLE_NONE; lists++)
		status = route_find_all(ask, *lists, address, NULL, &value);
	return status;
}

static bool
has_user(const char *address, const char *user)
{
	size_t len = strlen(user);

	return strncasecmp(address, user, len) == 0 && address[len] == '@';
}

/* Names that no table needs to have: what they get is taken up elsewhere. */
static bool
always_there(const struct route *route, const char *address)
{
	return has_user(address, route->double_bounce_sender) ||
	    has_user(address, "postmaster") ||
	    has_user(address, "mailer-daemon");
}

/* The transports that deliver nothing. */
static enum route_known
known_by_transport(const struct route_ask *ask,
    const struct route_answer *answer, bool sender,
    struct route_unknown *unknown)
{
	bool retry = strcmp(answer->transport, "retry") == 0;

	if (!retry && strcmp(answer->transport, "error") != 0)
		return ROUTE_KNOWN;
	unknown->code = retry ? 450 : 550;
	if (!retry && answer->class == ROUTE_VIRTUAL_ALIAS)
		unknown->code_parameter = "unknown_virtual_alias_reject_code";
	if (retry)
		unknown->dsn = sender ? "4.1.0" : "4.1.1";
	else
		unknown->dsn = sender ? "5.1.0" : "5.1.1";
	unknown->text =
	    route_transport_dsn(ask->arena, answer->nexthop, &unknown->dsn);
	return ROUTE_UNKNOWN;
}

/* The table of a class. */
struct class_table {
	struct table_list *list;
	const char *code_parameter, *name;
};

static struct class_table
table_of(const struct route *route, enum route_class class)
{
	switch (class) {
	case ROUTE_LOCAL:
		return (struct class_table){ route->local_recipient_maps,
			"unknown_local_recipient_reject_code",
			"local recipient" };
	case ROUTE_VIRTUAL_MAILBOX:
		return (struct class_table){ route->virtual_mailbox_maps,
			"unknown_virtual_mailbox_reject_code",
			"virtual mailbox" };
	case ROUTE_RELAY:
		return (struct class_table){ route->relay_recipient_maps,
			"unknown_relay_recipient_reject_code",
			"relay recipient" };
	case ROUTE_VIRTUAL_ALIAS:
	case ROUTE_DEFAULT:
		break;
	}
	return (struct class_table){ NULL, NULL, NULL };
}

static enum route_known
known_by_class(const struct route_ask *ask, const struct route_answer *answer,
    const char *address, bool sender, struct route_unknown *unknown)
{
	const struct route *route = ask->route;
	struct class_table table = table_of(route, answer->class);
	struct table_list *lists[] = { table.list, NULL };

	/* An empty list of tables knows everybody. */
	if (table.list == NULL || table.list->count == 0)
		return ROUTE_KNOWN;
	if (answer->class == ROUTE_LOCAL && always_there(route, address))
		return ROUTE_KNOWN;
	switch (listed(ask, lists, address)) {
	case TABLE_FOUND:
		return ROUTE_KNOWN;
	case TABLE_FAILED:
		return ROUTE_CANNOT_ASK;
	case TABLE_NONE:
		break;
	}
	unknown->code_parameter = table.code_parameter;
	unknown->code = 550;
	unknown->dsn = sender ? "5.1.0" : "5.1.1";
	unknown->text = "User unknown";
	if (route->params.show_user_unknown_table_name)
		unknown->text = arena_printf(
		    ask->arena, "User unknown in %s table", table.name);
	return ROUTE_UNKNOWN;
}

enum route_known
route_known_as(struct route *route, struct world *world, struct arena *arena,
    const struct route_answer *answer, bool sender,
    struct route_unknown *unknown)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	/* What is rewritten anyhow is judged when it has been. */
	struct table_list *const as_sender[] = {
		route->recipient_canonical_maps, route->sender_canonical_maps,
		route->canonical_maps, route->virtual_alias_maps, NULL
	};
	struct table_list *const as_recipient[] = {
		route->recipient_canonical_maps, route->canonical_maps,
		route->virtual_alias_maps, NULL
	};
	const char *address;
	enum route_known known;

	*unknown = (struct route_unknown){ 0 };
	/* What is no address was refused as such, or is for somebody else to
	 * judge. */
	if (answer->invalid || answer->recipient == NULL)
		return ROUTE_KNOWN;
	address = address_fold(arena, answer->recipient);
	switch (listed(&ask, sender ? as_sender : as_recipient, address)) {
	case TABLE_FOUND:
		return ROUTE_KNOWN;
	case TABLE_FAILED:
		return ROUTE_CANNOT_ASK;
	case TABLE_NONE:
		break;
	}
	known = known_by_transport(&ask, answer, sender, unknown);
	if (known == ROUTE_KNOWN)
		known = known_by_class(&ask, answer, address, sender, unknown);
	return known;
}

enum route_known
route_known(struct route *route, struct world *world, struct arena *arena,
    const char *address, bool sender, struct route_unknown *unknown)
{
	struct route_answer answer;

	*unknown = (struct route_unknown){ 0 };
	if (route_resolve(route, world, arena, "",
		route_rewrite(route, arena, address, true),
		&answer) == TABLE_FAILED)
		return ROUTE_CANNOT_ASK;
	return route_known_as(route, world, arena, &answer, sender, unknown);
}
