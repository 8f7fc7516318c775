/* route_masquerade.c - hosts are hidden behind their domain (masquerade_domains). */
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "rules/address.h"
#include "rules/match.h"
#include "rules/route_parts.h"

static const struct event_by by = { .program = "cleanup" };

/* The one of masquerade_domains that ${domain} is to become; NULL: it stays.
 * The first one that is the domain itself, or above it, decides. */
static const char *
mask_of(const struct route *route, const char *domain)
{
	size_t len = strlen(domain), n;

	for (char **word = route->masquerade_domains; *word != NULL; word++) {
		size_t marks = strspn(*word, "!");
		const char *mask = *word + marks;

		n = strlen(mask);
		if (n == len && strcmp(mask, domain) == 0)
			return NULL;
		if (n > 0 && n < len && domain[len - n - 1] == '.' &&
		    strcmp(mask, domain + len - n) == 0)
			return marks % 2 == 0 ? mask : NULL;
	}
	return NULL;
}

/* Is ${address} one of the users that stay? */
static enum table_status
excepted(const struct route_ask *ask, const char *address, size_t len)
{
	/* Names are compared as they are written, with quotes. */
	const struct match_question question = {
		.as = MATCH_AS_STRING,
		.name = address_external_local(
		    ask->arena, arena_strndup(ask->arena, address, len)),
	};
	struct match_member member;
	enum table_status status =
	    match_which(ask->route->masquerade_exceptions, ask->world,
		ask->arena, &question, &member);

	if (status != TABLE_FAILED)
		return status;
	event_warning(&by, "masquerade_exceptions: %s: table lookup problem",
	    member.text);
	event_info(&by,
	    "masquerade_exceptions map lookup problem -- message not "
	    "accepted, try again later");
	return TABLE_FAILED;
}

enum table_status
route_masquerade(struct route *route, struct world *world, struct arena *arena,
    const char *address, char which, char **result)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	const char *at = strrchr(address, '@'), *mask;
	size_t len = at != NULL ? (size_t)(at - address) : 0;
	enum table_status status;

	*result = arena_strdup(arena, address);
	if (at == NULL || *route->masquerade_domains == NULL ||
	    (route->masquerade_classes & route_class(which)) == 0)
		return TABLE_NONE;
	status = excepted(&ask, address, len);
	if (status != TABLE_NONE)
		return status == TABLE_FOUND ? TABLE_NONE : TABLE_FAILED;
	mask = mask_of(route, address_fold(arena, at + 1));
	if (mask == NULL)
		return TABLE_NONE;
	*result = arena_printf(arena, "%.*s@%s", (int)len, address, mask);
	return TABLE_FOUND;
}
