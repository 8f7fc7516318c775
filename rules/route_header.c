/* route_header.c - the addresses in a header: completed, canonical, masqueraded. */
#include <string.h>

#include "base/arena.h"
#include "rules/header_addresses.h"
#include "rules/match.h"
#include "rules/route_parts.h"

struct rewriting {
	const struct route_ask *ask;
	const struct route_origin *origin;
	bool maps;
	char which;
};

static const char *
external(struct arena *arena, const char *internal)
{
	const char *at = strrchr(internal, '@');

	return rfc822_quote(arena, internal,
	    at != NULL ? (size_t)(at - internal) : strlen(internal));
}

static enum table_status
change(void *arg, const char *address, const char **result)
{
	const struct rewriting *r = arg;
	const struct route_ask *ask = r->ask;
	struct rfc822 row = rfc822_scan(ask->arena, address);
	char *internal;

	route_rewrite_tokens(ask->route, ask->arena, r->origin, &row);
	internal = rfc822_internal(ask->arena, row);
	*result = external(ask->arena, internal);
	if (!r->maps)
		return TABLE_FOUND;
	/* Read again, blanks are where they are in a new address. */
	internal =
	    rfc822_internal(ask->arena, rfc822_scan(ask->arena, *result));
	switch (route_canonical_all(ask->route, ask->world, ask->arena,
	    internal, r->which, &internal)) {
	case TABLE_FAILED:
		return TABLE_FAILED;
	case TABLE_FOUND:
		*result = external(ask->arena, internal);
		break;
	case TABLE_NONE:
		break;
	}
	return TABLE_FOUND;
}

bool
route_header_wanted(const struct route *route, bool local)
{
	return local || *route->params.remote_header_rewrite_domain != '\0';
}

unsigned
route_header_flags(const struct route *route)
{
	unsigned headers = ROUTE_HEADER_SENDER | ROUTE_HEADER_RECIPIENT;
	unsigned flags = match_flags(route->mydestination);

	if ((route->canonical_classes & headers) != 0)
		flags |= table_list_flags(route->canonical_maps);
	if ((route->sender_canonical_classes & headers) != 0)
		flags |= table_list_flags(route->sender_canonical_maps);
	if ((route->recipient_canonical_classes & headers) != 0)
		flags |= table_list_flags(route->recipient_canonical_maps);
	flags |= match_flags(route->masquerade_exceptions);
	return flags & TABLE_MAY_BLOCK;
}

enum table_status
route_header(struct route *route, struct world *world, struct arena *arena,
    const char *text, const struct route_header_how *how, const char **result)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	struct rewriting r = {
		.ask = &ask,
		.origin = how->local ? &route->local : &route->remote,
		.maps = how->maps,
	};

	*result = text;
	switch (header_addresses_of(text, strcspn(text, ": \t"))) {
	case HEADER_ADDRESSES_NONE:
		return TABLE_NONE;
	case HEADER_ADDRESSES_SENDER:
		r.which = 'S';
		break;
	case HEADER_ADDRESSES_RECIPIENT:
		r.which = 'R';
		break;
	}
	if (route->broken)
		return TABLE_FAILED;
	return header_addresses_rewrite(arena, text,
	    (size_t)route->params.header_address_token_limit, change, &r,
	    result);
}
