/* route_map.c - tables from address to addresses. */
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "rules/address.h"
#include "rules/rfc822.h"
#include "rules/route_parts.h"

static const struct event_by by = { .program = "cleanup" };

/* "@domain" as an answer keeps the user, but not the extension that was not
 * looked for. */
static const char *
with_user(struct arena *arena, const char *address, const char *extension,
    const char *domain)
{
	const char *at = strrchr(address, '@');
	size_t len = at != NULL ? (size_t)(at - address) : strlen(address);

	return address_external(arena,
	    arena_printf(arena, "%.*s%s", (int)(len - strlen(extension)),
		address, domain));
}

static char *
with_extension(struct arena *arena, char *address, const char *extension)
{
	const char *at = strrchr(address, '@');

	if (*extension == '\0')
		return address;
	if (at == NULL)
		return arena_printf(arena, "%s%s", address, extension);
	return arena_printf(
	    arena, "%.*s%s%s", (int)(at - address), address, extension, at);
}

/* The addresses in ${text}, complete and with ${extension}. */
static void
split(const struct route_ask *ask, const char *text, const char *extension,
    char ***results, size_t *count)
{
	struct arena *arena = ask->arena;
	struct rfc822 row = rfc822_parse(arena, text);

	*results = arena_alloc(arena, (row.count + 1) * sizeof **results);
	*count = 0;
	for (size_t i = 0; i < row.count; i++) {
		struct rfc822 *inner = row.tokens[i].inner;
		char *address;

		if (row.tokens[i].kind != RFC822_ADDRESS)
			continue;
		address = route_rewrite(
		    ask->route, arena, rfc822_internal(arena, *inner), true);
		(*results)[(*count)++] =
		    with_extension(arena, address, extension);
	}
}

enum table_status
route_map_find(const struct route_ask *ask, const struct table_list *list,
    const char *address, bool propagate, char ***results, size_t *count)
{
	const char *extension, *text;
	struct table_value value;
	enum table_status status =
	    route_find_all(ask, list, address, &extension, &value);

	*count = 0;
	if (status != TABLE_FOUND)
		return status;
	text = value.text;
	if (*text == '@')
		text = with_user(ask->arena, address, extension, text);
	split(ask, text, propagate ? extension : "", results, count);
	if (*count > 0)
		return TABLE_FOUND;
	event_warning(&by, "%s lookup of %s returns non-address result \"%s\"",
	    list->name, address, value.text);
	return TABLE_FAILED;
}
