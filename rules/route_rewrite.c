/* route_rewrite.c - incomplete and old-fashioned addresses in standard form.
 *
 * The rules look at tokens, so that what is quoted is left alone. */
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "rules/address.h"
#include "rules/route_parts.h"

/* site!user: what is behind the first '!', then @ and the site. */
static void
swap(struct arena *arena, struct rfc822 *row, size_t bang)
{
	/* Without a site the words stay as close together as in Postfix. */
	struct rfc822 swapped = { .tight = bang == 0 || row->tight };

	rfc822_join(arena, &swapped, rfc822_part(*row, bang + 1, row->count));
	rfc822_add(arena, &swapped, '@', NULL);
	rfc822_join(arena, &swapped, rfc822_part(*row, 0, bang));
	*row = swapped;
}

/* An address without a domain gets one. */
static void
add_domain(const struct route *route, struct arena *arena,
    const struct route_origin *origin, struct rfc822 *row)
{
	size_t at;

	if (route->params.swap_bangpath &&
	    (at = rfc822_first(*row, '!')) != RFC822_NONE) {
		swap(arena, row, at);
	} else if (route->params.allow_percent_hack &&
	    (at = rfc822_last(*row, '%')) != RFC822_NONE) {
		row->tokens[at].kind = '@';
	} else if (origin->domain.count > 0) {
		rfc822_add(arena, row, '@', NULL);
		rfc822_join(arena, row, origin->domain);
	}
}

static void
add_parent(
    struct arena *arena, const struct route_origin *origin, struct rfc822 *row)
{
	size_t at = rfc822_last(*row, '@');
	struct rfc822 domain;

	if (origin->parent.count == 0 || at == RFC822_NONE ||
	    at + 1 == row->count)
		return;
	domain = rfc822_part(*row, at, row->count);
	if (rfc822_first(domain, RFC822_LITERAL) != RFC822_NONE ||
	    rfc822_first(domain, '.') != RFC822_NONE)
		return;
	rfc822_add(arena, row, '.', NULL);
	rfc822_join(arena, row, origin->parent);
}

void
route_rewrite_tokens(const struct route *route, struct arena *arena,
    const struct route_origin *origin, struct rfc822 *row)
{
	size_t colon, n;

	if (row->count == 0)
		return;
	if (row->count == 1 && row->tokens[0].kind == RFC822_QUOTED &&
	    row->tokens[0].text[0] == '\0')
		return;
	if (row->count == 1 && row->tokens[0].kind == '@') {
		/* As good as empty. */
		row->tokens[0] =
		    (struct rfc822_token){ .kind = RFC822_QUOTED, .text = "" };
		return;
	}
	colon = rfc822_first(*row, ':');
	if (row->tokens[0].kind == '@' && colon != RFC822_NONE &&
	    colon + 1 < row->count)
		*row = rfc822_part(*row, colon + 1, row->count);
	if (rfc822_last(*row, '@') == RFC822_NONE)
		add_domain(route, arena, origin, row);
	add_parent(arena, origin, row);
	/* Forms that are broken stay so: who reports them wants to see them. */
	n = row->count;
	if (n > 1 && row->tokens[n - 1].kind == '.' &&
	    row->tokens[n - 2].kind != '.' && row->tokens[n - 2].kind != '@')
		row->count = n - 1;
}

/* What looks like a source route is left without quotes, so that it is found
 * and dropped. */
struct rfc822
route_rewrite_scan(struct arena *arena, const char *internal)
{
	const char *colon = strchr(internal, ':');
	size_t len = *internal == '@' && colon != NULL
	    ? (size_t)(colon + 1 - internal)
	    : 0;

	return rfc822_scan(arena,
	    arena_printf(arena, "%.*s%s", (int)len, internal,
		address_external(arena, internal + len)));
}

char *
route_rewrite(const struct route *route, struct arena *arena,
    const char *address, bool local)
{
	struct rfc822 row = route_rewrite_scan(arena, address);

	route_rewrite_tokens(
	    route, arena, local ? &route->local : &route->remote, &row);
	return rfc822_internal(arena, row);
}
