/* route_transport.c - transport(5). */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "rules/route_parts.h"
#include "rules/world.h"

/*
 * ${value} is "transport:nexthop", where either may be missing: without a
 * transport the one that the class has stays, and ":" alone changes nothing;
 * without a next hop it is the domain of the recipient.
 */
static void
apply(struct arena *arena, const char *value, const char *domain,
    const char **transport, const char **nexthop)
{
	size_t len = strcspn(value, ":");
	const char *hop = value[len] == ':' ? value + len + 1 : "";

	if (len == 0) {
		if (*hop != '\0')
			*nexthop = hop;
		return;
	}
	*transport = arena_strndup(arena, value, len);
	if (*hop != '\0')
		*nexthop = hop;
	else if (strcmp(*transport, "error") != 0 &&
	    strcmp(*transport, "retry") != 0)
		*nexthop = domain;
	else
		*nexthop = "Address is undeliverable";
}

static enum table_status
find(const struct route_ask *ask, const struct table_list *list,
    const char *recipient, struct table_value *value)
{
	unsigned how = ask->route->transport_parents ? ROUTE_FIND_PARENTS
						     : ROUTE_FIND_DOT_PARENTS;
	enum table_status status = route_find_how(
	    ask, list, recipient, ROUTE_FIND_DOMAIN | how, NULL, value);

	if (status == TABLE_NONE)
		status =
		    world_find_any(ask->world, ask->arena, list, "*", value);
	return status;
}

enum table_status
route_transport_entry(const struct table_list *list, struct route *route,
    struct world *world, struct arena *arena, const char *address,
    struct table_value *value)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};

	return find(&ask, list, address, value);
}

enum table_status
route_transport_find(const struct route_ask *ask, const char *recipient,
    const char *domain, const char **transport, const char **nexthop)
{
	struct table_value value;
	enum table_status status =
	    find(ask, ask->route->transport_maps, recipient, &value);

	if (status == TABLE_FOUND)
		apply(ask->arena, value.text, domain, transport, nexthop);
	return status;
}

/* "5.1.1": the length of the code at the start of ${text}, or 0. */
static size_t
code_length(const char *text)
{
	const char *p = text + 1;

	if ((*text != '2' && *text != '4' && *text != '5'))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (*p++ != '.')
			return 0;
		for (; isdigit((unsigned char)*p); p++)
			digits++;
		if (digits == 0 || digits > 3)
			return 0;
	}
	if (*p != '\0' && !isspace((unsigned char)*p))
		return 0;
	return (size_t)(p - text);
}

const char *
route_transport_dsn(struct arena *arena, const char *text, const char **dsn)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = code_length(text);
	if (len > 0)
		*dsn = arena_strndup(arena, text, len);
	text += len;
	while (isspace((unsigned char)*text))
		text++;
	return text;
}
