/* route_find.c - in which forms tables are asked for an address.
 *
 * Keys of tables are in external form, with quotes; for the sake of older
 * tables the internal form is tried, too. */
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "rules/address.h"
#include "rules/route_parts.h"
#include "rules/world.h"

/* A look-up on its way through the forms. */
struct search {
	const struct route_ask *ask;
	const struct table_list *list;
	struct table_value *value;
};

static enum table_status
find_text(const struct search *s, const char *key, bool whole)
{
	if (whole)
		return world_find_any(
		    s->ask->world, s->ask->arena, s->list, key, s->value);
	return world_find_part(
	    s->ask->world, s->ask->arena, s->list, key, s->value);
}

/* ${internal} in both forms; ${whole}: it is all of the address, so that
 * patterns may see it. */
static enum table_status
find_form(const struct search *s, const char *internal, const char *external,
    bool whole)
{
	enum table_status status = find_text(s, external, whole);

	if (status != TABLE_NONE || strcmp(internal, external) == 0)
		return status;
	return find_text(s, internal, whole);
}

static enum table_status
find_address(const struct search *s, const char *address, bool whole)
{
	return find_form(
	    s, address, address_external(s->ask->arena, address), whole);
}

static enum table_status
find_user(const struct search *s, const char *user)
{
	return find_form(
	    s, user, address_external_local(s->ask->arena, user), false);
}

/* Is the domain one that "user" alone stands for? */
static enum table_status
is_ours(const struct route_ask *ask, const char *domain)
{
	struct arena *arena = ask->arena;

	if (strcmp(address_fold(arena, domain),
		address_fold(arena, ask->route->myorigin)) == 0)
		return TABLE_FOUND;
	return route_final(ask->route, ask->world, arena, domain);
}

/* The domain, and by ${how} what it is in. */
static enum table_status
find_domain(const struct search *s, const char *domain, unsigned how)
{
	enum table_status status = TABLE_NONE;

	while (*domain != '\0') {
		status = find_text(s, domain, false);
		if (status != TABLE_NONE ||
		    (how & (ROUTE_FIND_PARENTS | ROUTE_FIND_DOT_PARENTS)) ==
			0 ||
		    (domain = strchr(domain + 1, '.')) == NULL)
			break;
		if ((how & ROUTE_FIND_PARENTS) != 0)
			domain++;
	}
	return status;
}

/* ${address} without its extension, which goes to *extension with its
 * delimiter; NULL: it has none. */
static const char *
without_extension(
    const struct route_ask *ask, const char *user, const char **extension)
{
	const struct route *route = ask->route;
	const char *delimiters = route->params.recipient_delimiter;
	char *base;

	if (*delimiters == '\0' ||
	    strcasecmp(user, route->double_bounce_sender) == 0)
		return NULL;
	base = route->params.owner_request_special
	    ? address_split_extension(ask->arena, user, delimiters, extension)
	    : address_split_any(ask->arena, user, delimiters, extension);
	if (base != NULL)
		*extension = arena_strdup(ask->arena, user + strlen(base));
	return base;
}

enum table_status
route_find_how(const struct route_ask *ask, const struct table_list *list,
    const char *address, unsigned how, const char **extension,
    struct table_value *value)
{
	const struct search s = { .ask = ask, .list = list, .value = value };
	const char *at = strrchr(address, '@'), *user, *base, *unused;
	const char *ext = "";
	enum table_status status;

	if (extension == NULL)
		extension = &unused;
	*extension = "";
	*value = (struct table_value){ 0 };
	if (list == NULL || list->count == 0)
		return TABLE_NONE;
	if (ask->route->broken)
		return TABLE_FAILED;
	user = at != NULL
	    ? arena_strndup(ask->arena, address, (size_t)(at - address))
	    : address;
	base = without_extension(ask, user, &ext);

	status = find_address(&s, address, true);
	if (status == TABLE_NONE && base != NULL) {
		status = find_address(&s,
		    arena_printf(
			ask->arena, "%s%s", base, at != NULL ? at : ""),
		    false);
		if (status == TABLE_FOUND)
			*extension = ext;
	}
	if (status != TABLE_NONE || at == NULL)
		return status;

	if ((how & ROUTE_FIND_USER) != 0) {
		status = is_ours(ask, at + 1);
		if (status == TABLE_FAILED)
			return status;
		if (status == TABLE_FOUND) {
			status = find_user(&s, user);
			if (status == TABLE_NONE && base != NULL) {
				status = find_user(&s, base);
				if (status == TABLE_FOUND)
					*extension = ext;
			}
		}
		if (status == TABLE_NONE)
			status = find_text(&s, at, false);
	}
	if (status == TABLE_NONE && (how & ROUTE_FIND_DOMAIN) != 0)
		status = find_domain(&s, at + 1, how);
	return status;
}

enum table_status
route_find_all(const struct route_ask *ask, const struct table_list *list,
    const char *address, const char **extension, struct table_value *value)
{
	return route_find_how(
	    ask, list, address, ROUTE_FIND_USER, extension, value);
}

enum table_status
route_find_address(const struct table_list *list, struct route *route,
    struct world *world, struct arena *arena, const char *address,
    struct table_value *value)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};

	return route_find_all(&ask, list, address, NULL, value);
}
