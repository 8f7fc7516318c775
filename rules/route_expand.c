/* route_expand.c - virtual(5): one recipient becomes others. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/strmap.h"
#include "rules/address.h"
#include "rules/route_parts.h"

static const struct event_by by = { .program = "cleanup" };

/* The recipients while they grow. */
struct expansion {
	const struct route_ask *ask;
	const char *recipient; /* that all began with */
	char **list;
	size_t count, room;
	struct strmap final; /* addresses that stand for themselves */
	bool changed, exceeded;
};

static enum table_status
give_up(struct expansion *e, const char *what, const char *why)
{
	e->exceeded = *what != '\0';
	event_warning(&by,
	    "%s%s%s for %s -- message not accepted, try again later", what,
	    e->ask->route->virtual_alias_maps->name, why, e->recipient);
	return TABLE_FAILED;
}

static void
add(struct expansion *e, char *address)
{
	char **wider;

	if (e->count == e->room) {
		e->room = e->room * 2 + 8;
		wider = arena_alloc(e->ask->arena, e->room * sizeof *wider);
		if (e->count > 0)
			memcpy(wider, e->list, e->count * sizeof *wider);
		e->list = wider;
	}
	e->list[e->count++] = address;
}

/* What the table has for list[i] replaces it; what is more comes to the end
 * of the list, where it will have its turn. */
static enum table_status
replace(struct expansion *e, size_t i, char **results, size_t count)
{
	int64_t longest =
	    e->ask->route->params.virtual_alias_address_length_limit;
	const char *old = address_fold(e->ask->arena, e->list[i]);

	for (size_t j = 0; j < count; j++) {
		if ((int64_t)strlen(results[j]) > longest) {
			event_warning(&by,
			    "unreasonable %s result %.300s... -- message not "
			    "accepted, try again later",
			    e->ask->route->virtual_alias_maps->name,
			    results[j]);
			e->exceeded = true;
			return TABLE_FAILED;
		}
		/* An address may be one of its own aliases. */
		if (strcmp(address_fold(e->ask->arena, results[j]), old) == 0)
			strmap_set(&e->final, old, e);
		if (j == 0)
			e->list[i] = results[0];
		else
			add(e, results[j]);
	}
	e->changed = true;
	return TABLE_FOUND;
}

/* Look up list[i] and what it becomes, until nothing is found. */
static enum table_status
follow(struct expansion *e, size_t i)
{
	const struct route *route = e->ask->route;
	enum table_status status;
	char **results;
	size_t count;

	for (int64_t depth = 0;; depth++) {
		if (strmap_find(&e->final,
			address_fold(e->ask->arena, e->list[i])) != NULL)
			return TABLE_FOUND;
		if (depth >= route->params.virtual_alias_recursion_limit)
			return give_up(e, "unreasonable ", " map nesting");
		status = route_map_find(e->ask, route->virtual_alias_maps,
		    e->list[i], route->propagate_virtual, &results, &count);
		if (status == TABLE_FAILED)
			return give_up(e, "", " map lookup problem");
		if (status == TABLE_NONE)
			return TABLE_FOUND;
		if (replace(e, i, results, count) == TABLE_FAILED)
			return TABLE_FAILED;
	}
}

static enum table_status
follow_all(struct expansion *e)
{
	int64_t most = e->ask->route->params.virtual_alias_expansion_limit;

	for (size_t i = 0; i < e->count; i++) {
		if ((int64_t)e->count > most)
			return give_up(
			    e, "unreasonable ", " map expansion size");
		if (follow(e, i) == TABLE_FAILED)
			return TABLE_FAILED;
	}
	return TABLE_FOUND;
}

/* Each address once, where it came first. */
static void
drop_duplicates(struct expansion *e)
{
	struct strmap seen = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < e->count; i++)
		if (strmap_set(&seen, address_fold(e->ask->arena, e->list[i]),
			e) == NULL)
			e->list[kept++] = e->list[i];
	e->count = kept;
	strmap_free(&seen);
}

enum table_status
route_expand(struct route *route, struct world *world, struct arena *arena,
    const char *recipient, struct route_expansion *expansion)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	struct expansion e = { .ask = &ask, .recipient = recipient };
	enum table_status status;

	add(&e, arena_strdup(arena, recipient));
	status = follow_all(&e);
	strmap_free(&e.final);
	*expansion = (struct route_expansion){ .exceeded = e.exceeded };
	if (status == TABLE_FAILED)
		return TABLE_FAILED;
	drop_duplicates(&e);
	expansion->list = e.list;
	expansion->count = e.count;
	return e.changed ? TABLE_FOUND : TABLE_NONE;
}
