/* verify.c - see verify.h. */
#include "checks/verify.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/state.h"
#include "checks/checks_params.h"

/* As in Postfix: so long a probe may be on its way before another one is sent.
 * Who waits looks at the clock this often. */
enum { PROBE_SECONDS = 1000, LOOK_MS = 500, SHARED_MS = 10 };

/* The map of the state store. */
static const char map[] = "verify";

static const char in_progress[] = "Address verification in progress";
static const char too_many[] = "Too many address verification requests";

struct verify {
	int64_t positive_expire, positive_refresh; /* seconds */
	int64_t negative_expire, negative_refresh;
	int64_t wait;  /* in all, for a first answer */
	int64_t since; /* probes that are older have ended with their process */
	bool negative_cache;
	bool (*probe)(void *arg, const char *address);
	void *arg;
	struct state *state;
	pthread_mutex_t lock; /* of one change of the cache, and of: */
	pthread_cond_t changed;
};

struct entry {
	int status; /* enum world_probe, up to _PENDING, as it is stored */
	int64_t probed, updated;
	const char *text;
};

/* Numbers of the stored form. */
static const enum world_probe statuses[] = { WORLD_PROBE_OK,
	WORLD_PROBE_UNKNOWN, WORLD_PROBE_BAD, WORLD_PROBE_PENDING };

struct verify *
verify_new(const struct checks_params *p,
    bool (*probe)(void *arg, const char *address), void *arg)
{
	struct verify *v = calloc(1, sizeof *v);

	if (v == NULL)
		fatal("out of memory");
	v->positive_expire =
	    p->address_verify_positive_expire_time / CLOCK_SECOND;
	v->positive_refresh =
	    p->address_verify_positive_refresh_time / CLOCK_SECOND;
	v->negative_expire =
	    p->address_verify_negative_expire_time / CLOCK_SECOND;
	v->negative_refresh =
	    p->address_verify_negative_refresh_time / CLOCK_SECOND;
	v->wait =
	    (p->address_verify_poll_count - 1) * p->address_verify_poll_delay;
	v->since = clock_now() / CLOCK_SECOND;
	v->negative_cache = p->address_verify_negative_cache;
	v->probe = probe;
	v->arg = arg;
	(void)pthread_mutex_init(&v->lock, NULL);
	(void)pthread_cond_init(&v->changed, NULL);
	return v;
}

void
verify_free(struct verify *v)
{
	if (v == NULL)
		return;
	(void)pthread_cond_destroy(&v->changed);
	(void)pthread_mutex_destroy(&v->lock);
	free(v);
}

void
verify_begin_with(
    struct verify *v, bool (*probe)(void *arg, const char *address), void *arg)
{
	(void)pthread_mutex_lock(&v->lock);
	v->probe = probe;
	v->arg = arg;
	(void)pthread_mutex_unlock(&v->lock);
}

void
verify_keep(struct verify *v, struct state *state)
{
	v->state = state;
}

static int64_t
seconds(void)
{
	return clock_now() / CLOCK_SECOND;
}

/* "status:probed:updated:text"; false: damaged. */
static bool
parse(char *value, struct entry *e)
{
	char *end;

	e->status = (int)strtol(value, &end, 10);
	if (end == value || *end != ':' || e->status < 0 || e->status > 3)
		return false;
	value = end + 1;
	e->probed = strtoll(value, &end, 10);
	if (end == value || *end != ':')
		return false;
	value = end + 1;
	e->updated = strtoll(value, &end, 10);
	if (end == value || *end != ':')
		return false;
	e->text = end + 1;
	return true;
}

/* 1: there; 0: not there; -1: could not ask. */
static int
find(
    struct verify *v, struct arena *arena, const char *address, struct entry *e)
{
	char *value = NULL;
	int found = v->state == NULL
	    ? -1
	    : state_get(v->state, map, address, clock_now(), arena, &value);

	return found > 0 && !parse(value, e) ? 0 : found;
}

static void
keep(struct verify *v, const char *address, const struct entry *e)
{
	int64_t longest =
	    e->status == 0 ? v->positive_expire : v->negative_expire;
	int64_t from = e->updated > e->probed ? e->updated : e->probed;
	char *value;

	if (asprintf(&value, "%d:%lld:%lld:%s", e->status, (long long)e->probed,
		(long long)e->updated, e->text) < 0)
		fatal("out of memory");
	/* What cannot be kept is asked for again. */
	(void)state_put(v->state, map, address, value,
	    (from + longest + PROBE_SECONDS) * CLOCK_SECOND);
	free(value);
}

static bool
older(const struct entry *e, int64_t positive, int64_t negative, int64_t now)
{
	return e->updated + (e->status == 0 ? positive : negative) < now;
}

/* The entry as it is to be believed; -1: the store does not answer. */
static int
look(
    struct verify *v, struct arena *arena, const char *address, struct entry *e)
{
	static const struct entry unknown = { 3, 0, 0, in_progress };
	int found = find(v, arena, address, e);

	if (found < 0)
		return -1;
	if (found == 0 ||
	    (seconds() - e->probed > PROBE_SECONDS &&
		older(e, v->positive_expire, v->negative_expire, seconds())))
		*e = unknown;
	return 0;
}

/* A probe is on its way. */
static bool
awaited(const struct verify *v, const struct entry *e, int64_t now)
{
	return e->probed >= v->since && now - e->probed <= PROBE_SECONDS;
}

/* Find out (again), if it is time to.  False: it is, but that cannot be. */
static bool
refresh(struct verify *v, const char *address, struct entry *e)
{
	int64_t now = seconds();

	if (awaited(v, e, now) ||
	    !older(e, v->positive_refresh, v->negative_refresh, now) ||
	    v->probe == NULL)
		return true;
	if (!v->probe(v->arg, address))
		return false;
	/* Without it, addresses that nobody has leave no trace. */
	if (e->updated == 0 && !v->negative_cache)
		return true;
	e->probed = now;
	keep(v, address, e);
	return true;
}

/* Until something has changed, or a moment has passed. */
static void
wait_a_moment(struct verify *v)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += (clock_shared() ? SHARED_MS : LOOK_MS) * CLOCK_MS;
	ts.tv_sec += ts.tv_nsec / CLOCK_SECOND;
	ts.tv_nsec %= CLOCK_SECOND;
	(void)pthread_cond_clockwait(
	    &v->changed, &v->lock, CLOCK_MONOTONIC, &ts);
}

enum world_probe
verify_ask(struct verify *v, struct arena *arena, const char *address,
    const char **text)
{
	int64_t deadline = clock_mono() + v->wait;
	bool begun = true;
	struct entry e;
	int found;

	(void)pthread_mutex_lock(&v->lock);
	found = look(v, arena, address, &e);
	if (found == 0)
		begun = refresh(v, address, &e);
	if (!begun && e.status == 3)
		e.text = too_many;
	while (found == 0 && begun && e.status == 3 && v->probe != NULL &&
	    clock_mono() < deadline) {
		wait_a_moment(v);
		found = look(v, arena, address, &e);
	}
	(void)pthread_mutex_unlock(&v->lock);
	if (found < 0)
		return WORLD_PROBE_FAILED;
	*text = e.text;
	return statuses[e.status];
}

void
verify_update(struct verify *v, const char *address, enum world_probe status,
    const char *text)
{
	struct arena *arena = arena_new();
	struct entry e = { 0, 0, seconds(), arena_strdup(arena, text) }, old;

	while (e.status < 3 && statuses[e.status] != status)
		e.status++;
	must(e.status < 3);
	(void)pthread_mutex_lock(&v->lock);
	if (v->state != NULL &&
	    (e.status == 0 ||
		(v->negative_cache &&
		    (find(v, arena, address, &old) != 1 || old.status != 0))))
		keep(v, address, &e);
	(void)pthread_cond_broadcast(&v->changed);
	(void)pthread_mutex_unlock(&v->lock);
	arena_free(arena);
}
