/* policy_role.c - see policy_role.h. */
#include "policy/policy_role.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/master.h"
#include "base/workers.h"
#include "classes/trace_keeper.h"
#include "policy/policy_caller.h"
#include "policy/policy_door.h"
#include "policy/policy_entry.h"
#include "policy/policy_hall.h"
#include "policy/policy_leftover.h"

enum {
	DEFAULT_WORKERS = 128,
	/* Descriptors for other things than callers: tables, the log, the
	 * resolver, connections to other policy servers. */
	OTHER_DESCRIPTORS = 128,
	TICK_MS = 100,
};

/* One loop and its thread. */
struct floor {
	struct running *running;
	pthread_t thread;
	struct policy_hall hall;
	struct policy_entry **entries;
	size_t nentries;
	struct loop_task drain, cut;
	_Atomic bool over;
};

struct running {
	const struct policy_role *role;
	struct policy_door **doors;
	size_t ndoors;
	struct policy_shared shared;
	struct floor *floors;
	unsigned nfloors;
	_Atomic unsigned retired; /* of the floors */
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
	if (r->doors == NULL)
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

/* How many callers of a service may have a worker at a time: its maxproc, all
 * of them together less than the workers, and each at least one. */
static void
set_ceilings(struct floor *f, unsigned workers)
{
	struct running *r = f->running;
	size_t sum = 0;

	for (size_t i = 0; i < r->ndoors; i++) {
		int most = r->doors[i]->most_busy;

		sum += most > 0 ? (size_t)most : workers;
	}
	for (size_t i = 0; i < r->ndoors; i++) {
		int most = r->doors[i]->most_busy;
		size_t share = most > 0 ? (size_t)most : workers;

		if (sum >= workers)
			share = share * (workers - 1) / sum;
		share /= r->nfloors;
		f->hall.places[i] = (struct policy_place){
			.door = r->doors[i],
			.most_busy = share > 0 ? (unsigned)share : 1,
		};
	}
}

static void
close_entries(struct floor *f)
{
	for (size_t i = 0; i < f->nentries; i++)
		policy_entry_close(f->entries[i]);
	f->nentries = 0;
}

/* No loop accepts any more: whoever connects now is others' caller, or must not
 * wait for nobody. */
static void
retire(const struct policy_role *role)
{
	for (size_t i = 0; i < role->nlisteners; i++)
		(void)close(role->listeners[i].fd);
	if (role->retired != NULL)
		role->retired(role->arg);
}

static void
drain(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, drain));
	struct running *r = f->running;

	close_entries(f);
	if (++r->retired == r->nfloors)
		retire(r->role);
	policy_caller_drain(&f->hall);
}

static void
cut(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, cut));

	policy_caller_cut(&f->hall);
}

static void *
serve(void *arg)
{
	struct floor *f = arg;

	event_hold(1);
	loop_run(f->hall.loop);
	event_hold(0);
	f->over = true;
	return NULL;
}

static void
open_floor(struct running *r, unsigned number, unsigned workers)
{
	const struct policy_role *role = r->role;
	struct floor *f = &r->floors[number];
	struct policy_hall *h = &f->hall;

	f->running = r;
	f->drain.run = drain;
	f->cut.run = cut;
	h->loop = loop_new();
	h->shared = &r->shared;
	h->arena = arena_new();
	h->places = calloc(r->ndoors + 1, sizeof *h->places);
	f->entries =
	    calloc(role->nlisteners + 1, sizeof(struct policy_entry *));
	if (h->places == NULL || f->entries == NULL)
		fatal("out of memory");
	h->nplaces = r->ndoors;
	set_ceilings(f, workers);
	for (size_t i = 0; i < role->nlisteners; i++) {
		const struct policy_listener *l = &role->listeners[i];

		if (l->loop >= 0 && (unsigned)l->loop % r->nfloors != number)
			continue;
		f->entries[f->nentries++] = policy_entry_open(h, l->fd,
		    door_of(r, l->service), l->loop < 0 && r->nfloors > 1);
	}
}

static void
close_floor(struct floor *f)
{
	struct policy_hall *h = &f->hall;

	loop_free(h->loop);
	arena_free(h->arena);
	buf_free(&h->spare);
	free(h->places);
	free(f->entries);
}

/* Answers leave at once; connections inherit it from their listener. */
static void
set_options(const struct policy_role *role)
{
	int on = 1;

	for (size_t i = 0; i < role->nlisteners; i++)
		(void)setsockopt(role->listeners[i].fd, IPPROTO_TCP,
		    TCP_NODELAY, &on, sizeof on);
}

/* Each caller takes a descriptor. */
static size_t
caller_limit(const struct running *r)
{
	struct rlimit limit;
	size_t most = SIZE_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		most = limit.rlim_cur / 2 > OTHER_DESCRIPTORS
		    ? limit.rlim_cur - OTHER_DESCRIPTORS
		    : limit.rlim_cur / 2;
	for (size_t i = 0; i < r->ndoors; i++) {
		int64_t set = r->doors[i]->params.weir_policy_connection_limit;

		if (set > 0 && (size_t)set < most)
			most = (size_t)set;
	}
	most /= r->nfloors;
	return most > 0 ? most : 1;
}

static bool
all_over(const struct running *r)
{
	for (unsigned i = 0; i < r->nfloors; i++)
		if (!r->floors[i].over)
			return false;
	return true;
}

/* Wait for SIGUSR2 or SIGTERM, then for the requests that are under way, at
 * most role->drain. */
static void
wait_for_end(struct running *r, const sigset_t *set)
{
	static const struct timespec tick = { 0, TICK_MS * 1000000L };
	int64_t until;
	int number;

	do
		number = sigwaitinfo(set, NULL);
	while (number < 0 && errno == EINTR);
	until = clock_mono() + r->role->drain;
	for (unsigned i = 0; i < r->nfloors; i++)
		loop_post(r->floors[i].hall.loop, &r->floors[i].drain);
	while (!all_over(r) && clock_mono() < until)
		(void)sigtimedwait(&(sigset_t){ 0 }, NULL, &tick);
	for (unsigned i = 0; i < r->nfloors && !all_over(r); i++)
		loop_post(r->floors[i].hall.loop, &r->floors[i].cut);
}

static void
run_floors(struct running *r, unsigned workers, const sigset_t *set)
{
	const struct policy_role *role = r->role;

	r->shared.workers = workers_new(workers, 0);
	r->shared.world = role->world;
	r->shared.leftovers = policy_leftover_new();
	r->shared.most_callers = caller_limit(r);
	if (role->state != NULL)
		r->shared.traces =
		    trace_keeper_new(role->state, r->shared.workers);
	for (unsigned i = 0; i < r->nfloors; i++)
		open_floor(r, i, workers);
	for (unsigned i = 0; i < r->nfloors; i++)
		if (pthread_create(
			&r->floors[i].thread, NULL, serve, &r->floors[i]) != 0)
			fatal("cannot start a thread");
	wait_for_end(r, set);
	for (unsigned i = 0; i < r->nfloors; i++)
		(void)pthread_join(r->floors[i].thread, NULL);
	workers_free(r->shared.workers);
	for (unsigned i = 0; i < r->nfloors; i++)
		close_floor(&r->floors[i]);
	trace_keeper_free(r->shared.traces);
	policy_leftover_free(r->shared.leftovers);
}

static void
close_doors(struct running *r)
{
	for (size_t i = 0; i < r->ndoors; i++)
		policy_door_close(r->doors[i]);
	free(r->doors);
}

static int
start(struct running *r, const struct err *warnings)
{
	const struct policy_role *role = r->role;
	unsigned workers = role->workers > 1 ? role->workers : DEFAULT_WORKERS;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	sigset_t set;
	int status;

	/* Blocked before there are threads, so that only sigwaitinfo() takes
	 * them. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR2);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	status =
	    role->ready != NULL ? role->ready(role->arg, warnings->text) : 0;
	if (status != 0)
		return status;
	r->nfloors = role->loops > 0 ? role->loops
	    : processors > 0         ? (unsigned)processors
				     : 1;
	r->floors = calloc(r->nfloors, sizeof *r->floors);
	if (r->floors == NULL)
		fatal("out of memory");
	set_options(role);
	run_floors(r, workers, &set);
	free(r->floors);
	return 0;
}

int
policy_role_run(const struct policy_role *role)
{
	struct running r = { .role = role };
	struct err warnings = { 0 };
	int status = EX_CONFIG;

	if (open_doors(&r, &warnings) < 0)
		event_warning(NULL, "%s", warnings.text);
	else
		status = start(&r, &warnings);
	close_doors(&r);
	return status;
}
