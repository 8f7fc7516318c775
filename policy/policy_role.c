/* policy_role.c - see policy_role.h. */
#include "policy/policy_role.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/descriptors.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/master.h"
#include "checks/conduct_keeper.h"
#include "classes/trace_keeper.h"
#include "policy/policy_caller.h"
#include "policy/policy_desk.h"
#include "policy/policy_door.h"
#include "policy/policy_entry.h"
#include "policy/policy_hall.h"
#include "policy/policy_leftover.h"

/* Descriptors for other things than callers: tables, the log, the resolver,
 * connections to other policy servers. */
enum { OTHER_DESCRIPTORS = 128 };

struct policy_floor {
	struct floor floor; /* first */
	struct policy_hall hall;
};

struct running {
	const struct policy_role *role;
	struct policy_door **doors;
	size_t ndoors;
	unsigned *most_busy; /* of each door, on one floor */
	struct policy_shared shared;
};

static unsigned
door_of(const struct running *r, const struct master_service *master)
{
	for (unsigned i = 0; i < r->ndoors; i++)
		if (r->doors[i]->master == master)
			return i;
	must(!"a listener of a service that is not there");
	return 0;
}

static int
open_doors(struct running *r, struct err *warnings)
{
	const struct policy_role *role = r->role;
	size_t n = role->master->count;

	r->doors = calloc(n + 1, sizeof(struct policy_door *));
	r->most_busy = calloc(n + 1, sizeof *r->most_busy);
	if (r->doors == NULL || r->most_busy == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct master_service *m = &role->master->services[i];
		struct policy_door *door;

		if (!policy_door_is(m))
			continue;
		door = policy_door_open(m, role->conf, role->strict, warnings);
		if (door == NULL)
			return -1;
		r->doors[r->ndoors++] = door;
	}
	return 0;
}

static void
close_doors(struct running *r)
{
	for (size_t i = 0; i < r->ndoors; i++)
		policy_door_close(r->doors[i]);
	free(r->doors);
	free(r->most_busy);
}

/* Each caller takes a descriptor. */
static size_t
caller_limit(const struct running *r)
{
	size_t most = descriptors_beside(OTHER_DESCRIPTORS);

	for (size_t i = 0; i < r->ndoors; i++) {
		int64_t set = r->doors[i]->params.weir_policy_connection_limit;

		if (set > 0 && (size_t)set < most)
			most = (size_t)set;
	}
	return most;
}

static void
begin(struct floors *floors)
{
	struct running *r = floors->role;
	const struct policy_role *role = r->role;

	r->shared.workers = floors->workers;
	r->shared.world = role->world;
	r->shared.leftovers = policy_leftover_new();
	r->shared.most_callers = floors_clients(floors, caller_limit(r));
	r->shared.conduct = conduct_keeper_new(role->world, floors->workers);
	if (role->state != NULL)
		r->shared.traces =
		    trace_keeper_new(role->state, floors->workers);
	for (size_t i = 0; i < r->ndoors; i++)
		if (r->doors[i]->most_busy > 0)
			r->most_busy[i] = (unsigned)r->doors[i]->most_busy;
	floors_ceilings(floors, floors->nworkers, r->most_busy, r->ndoors);
}

static void
end(struct floors *floors)
{
	struct running *r = floors->role;

	trace_keeper_free(r->shared.traces);
	conduct_keeper_free(r->shared.conduct);
	policy_leftover_free(r->shared.leftovers);
}

static struct policy_hall *
hall_of(struct floor *floor)
{
	return &((struct policy_floor *)floor)->hall;
}

static void
open_floor(struct floor *floor)
{
	struct running *r = floor->floors->role;
	struct policy_hall *h = hall_of(floor);

	h->loop = floor->loop;
	h->shared = &r->shared;
	h->arena = arena_new();
	if (r->role->remembers)
		h->desk = policy_desk_new(
		    floor->loop, r->shared.workers, r->role->state);
	h->places = calloc(r->ndoors + 1, sizeof *h->places);
	if (h->places == NULL)
		fatal("out of memory");
	h->nplaces = r->ndoors;
	for (size_t i = 0; i < r->ndoors; i++)
		h->places[i] = (struct policy_place){ .door = r->doors[i],
			.most_busy = r->most_busy[i] };
}

static void
close_floor(struct floor *floor)
{
	struct policy_hall *h = hall_of(floor);

	policy_desk_free(h->desk);
	arena_free(h->arena);
	buf_free(&h->spare);
	free(h->places);
}

static void *
enter(struct floor *floor, const struct floors_listener *listener, bool share)
{
	return policy_entry_open(hall_of(floor), listener->fd,
	    door_of(floor->floors->role, listener->service), share);
}

static void
leave(void *entry)
{
	policy_entry_close(entry);
}

static void
drain(struct floor *floor)
{
	policy_caller_drain(hall_of(floor));
}

static void
cut(struct floor *floor)
{
	policy_caller_cut(hall_of(floor));
}

static const struct floors_kind kind = {
	.size = sizeof(struct policy_floor),
	.begin = begin,
	.end = end,
	.open = open_floor,
	.close = close_floor,
	.enter = enter,
	.leave = leave,
	.drain = drain,
	.cut = cut,
};

int
policy_role_run(const struct policy_role *role)
{
	struct running r = { .role = role };
	struct floors floors = {
		.plan = &role->plan, .kind = &kind, .role = &r
	};
	struct err warnings = { 0 };
	int status = EX_CONFIG;

	descriptors_raise();
	if (open_doors(&r, &warnings) < 0)
		event_warning(NULL, "%s", warnings.text);
	else
		status = floors_run(&floors, warnings.text);
	close_doors(&r);
	return status;
}
