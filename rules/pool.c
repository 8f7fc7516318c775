/* pool.c - see pool.h. */
#include "rules/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/stream.h"

/* How often to look at a clock that may jump, and at any. */
enum { SHARED_MS = 10, LONGEST_MS = 60 * 1000 };

struct connection {
	struct connection *next;
	struct stream *stream;
	int64_t born, used;
};

struct pool {
	char *endpoint;
	struct pool_limits limits;
	pthread_mutex_t lock;    /* of all below */
	pthread_cond_t freed;    /* an idle one, or room for a new one */
	struct connection *idle; /* the latest first */
	size_t count;            /* idle, in use and being made */
};

struct pool *
pool_new(const char *endpoint, const struct pool_limits *limits)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (pool == NULL || (pool->endpoint = strdup(endpoint)) == NULL)
		fatal("out of memory");
	pool->limits = *limits;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->freed, NULL);
	return pool;
}

/* Close all of a list. */
static void
close_all(struct connection *c)
{
	struct connection *next;

	for (; c != NULL; c = next) {
		next = c->next;
		stream_close(c->stream);
		free(c);
	}
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	close_all(pool->idle);
	(void)pthread_cond_destroy(&pool->freed);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool->endpoint);
	free(pool);
}

/* Wait for what may be free then.  The lock is held. */
static void
wait_for_room(struct pool *pool, int64_t left)
{
	int64_t most = (clock_shared() ? SHARED_MS : LONGEST_MS) * CLOCK_MS;
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	left = (left < most ? left : most) + ts.tv_nsec;
	ts.tv_sec += left / CLOCK_SECOND;
	ts.tv_nsec = left % CLOCK_SECOND;
	(void)pthread_cond_clockwait(
	    &pool->freed, &pool->lock, CLOCK_MONOTONIC, &ts);
}

/* Move those that are too old, or all if ${every}, from the idle ones to
 * *dead.  The lock is held. */
static void
weed(struct pool *pool, bool every, struct connection **dead)
{
	struct connection **p = &pool->idle, *c;
	int64_t now = clock_mono();

	while ((c = *p) != NULL) {
		if (!every && now - c->used < pool->limits.max_idle &&
		    now - c->born < pool->limits.max_ttl) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		c->next = *dead;
		*dead = c;
		pool->count--;
	}
}

/*
 * Take a kept connection, or the right to make one: *c is NULL then.  If
 * ${renew}, kept ones are worth nothing.  False: all are in use, to the
 * deadline.
 */
static bool
take(struct pool *pool, bool renew, int64_t deadline, struct connection **c)
{
	struct connection *dead = NULL;
	bool taken = false;
	int64_t left;

	(void)pthread_mutex_lock(&pool->lock);
	for (;;) {
		weed(pool, renew, &dead);
		*c = pool->idle;
		taken = *c != NULL || pool->count < pool->limits.most;
		left = deadline - clock_mono();
		if (taken || left <= 0)
			break;
		wait_for_room(pool, left);
	}
	if (*c != NULL)
		pool->idle = (*c)->next;
	else if (taken)
		pool->count++;
	(void)pthread_mutex_unlock(&pool->lock);
	close_all(dead);
	return taken;
}

static void
keep(struct pool *pool, struct connection *c)
{
	c->used = clock_mono();
	(void)pthread_mutex_lock(&pool->lock);
	c->next = pool->idle;
	pool->idle = c;
	(void)pthread_cond_signal(&pool->freed);
	(void)pthread_mutex_unlock(&pool->lock);
}

/* ${c} is gone, or, if NULL, was not to be had. */
static void
drop(struct pool *pool, struct connection *c)
{
	if (c != NULL)
		stream_close(c->stream);
	free(c);
	(void)pthread_mutex_lock(&pool->lock);
	pool->count--;
	(void)pthread_cond_signal(&pool->freed);
	(void)pthread_mutex_unlock(&pool->lock);
}

static struct connection *
make(struct pool *pool, int64_t deadline, struct err *err)
{
	struct stream *stream = dial_open(pool->endpoint, deadline, err);
	struct connection *c;

	if (stream == NULL) {
		drop(pool, NULL);
		return NULL;
	}
	c = calloc(1, sizeof *c);
	if (c == NULL)
		fatal("out of memory");
	c->stream = stream;
	c->born = clock_mono();
	return c;
}

enum pool_status
pool_ask(struct pool *pool, int64_t deadline,
    int (*talk)(struct stream *stream, void *arg, struct err *err), void *arg,
    struct err *err)
{
	struct connection *c;
	bool kept = false;

	do {
		if (!take(pool, kept, deadline, &c)) {
			err_set(err, "all %zu connections are in use",
			    pool->limits.most);
			return POOL_UNREACHABLE;
		}
		kept = c != NULL;
		if (!kept && (c = make(pool, deadline, err)) == NULL)
			return POOL_UNREACHABLE;
		stream_deadline(c->stream, deadline);
		if ((!kept || stream_alive(c->stream)) &&
		    talk(c->stream, arg, err) == 0) {
			keep(pool, c);
			return POOL_DONE;
		}
		drop(pool, c);
	} while (kept);
	return POOL_BROKEN;
}
