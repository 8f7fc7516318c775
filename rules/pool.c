/* pool.c - see pool.h. */
#include "rules/pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/stream.h"
#include "rules/gate.h"

struct connection {
	struct connection *next;
	struct stream *stream;
	int64_t born, used;
};

struct pool {
	char *endpoint;
	struct pool_limits limits;
	struct gate gate; /* of all below, to an idle one or room for a new */
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
	gate_init(&pool->gate);
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
	gate_destroy(&pool->gate);
	free(pool->endpoint);
	free(pool);
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
	bool taken;

	gate_lock(&pool->gate);
	do {
		weed(pool, renew, &dead);
		*c = pool->idle;
		taken = *c != NULL || pool->count < pool->limits.most;
	} while (!taken && gate_wait(&pool->gate, deadline));
	if (*c != NULL)
		pool->idle = (*c)->next;
	else if (taken)
		pool->count++;
	gate_unlock(&pool->gate);
	close_all(dead);
	return taken;
}

static void
keep(struct pool *pool, struct connection *c)
{
	c->used = clock_mono();
	gate_lock(&pool->gate);
	c->next = pool->idle;
	pool->idle = c;
	gate_free(&pool->gate);
	gate_unlock(&pool->gate);
}

/* ${c} is gone, or, if NULL, was not to be had. */
static void
drop(struct pool *pool, struct connection *c)
{
	if (c != NULL)
		stream_close(c->stream);
	free(c);
	gate_lock(&pool->gate);
	pool->count--;
	gate_free(&pool->gate);
	gate_unlock(&pool->gate);
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
