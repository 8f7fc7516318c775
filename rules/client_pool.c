/* client_pool.c - see client_pool.h. */
#include "rules/client_pool.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/gate.h"

enum {
	WAIT_SECONDS = 10, /* for a free connection */
	IDLE_SECONDS = 60, /* after which one is closed */
};

struct connection {
	struct connection *next; /* in the idle ones of its host, or a list of
				  * those that go */
	void *handle;
	int64_t since; /* it is idle */
	bool is_new;   /* and has answered nothing yet */
};

struct host {
	const char *name;
	bool is_local;
	int connections; /* idle and busy */
	struct breaker breaker;
	struct connection *idle; /* the last used first */
};

struct client_pool {
	const struct client_pool_kind *kind;
	void *arg;
	struct gate gate; /* of all below, to room for a connection */
	int connections, most;
	unsigned seed;
	unsigned nhosts;
	struct host hosts[];
};

struct client_pool *
client_pool_open(const struct client_pool_kind *kind, void *arg,
    char *const *hosts, int most)
{
	struct client_pool *pool;
	unsigned n = 0;

	while (hosts[n] != NULL)
		n++;
	must(n > 0);
	pool = calloc(1, sizeof *pool + n * sizeof pool->hosts[0]);
	if (pool == NULL)
		fatal("out of memory");
	pool->kind = kind;
	pool->arg = arg;
	pool->most = most;
	pool->seed = (unsigned)clock_now();
	pool->nhosts = n;
	for (unsigned i = 0; i < n; i++)
		pool->hosts[i] = (struct host){ .name = hosts[i],
			.is_local = kind->is_local != NULL &&
			    kind->is_local(hosts[i]) };
	gate_init(&pool->gate);
	return pool;
}

/* Close those of a list.  Without the lock: it may take long. */
static void
close_list(struct client_pool *pool, struct connection *list)
{
	struct connection *next;

	for (; list != NULL; list = next) {
		next = list->next;
		pool->kind->disconnect(list->handle);
		free(list);
	}
}

/* Move what has been idle since before ${since} to ${list}. */
static void
take_idle(struct client_pool *pool, struct host *host, int64_t since,
    struct connection **list)
{
	struct connection **link = &host->idle, *c;

	while (*link != NULL && (*link)->since >= since)
		link = &(*link)->next;
	while ((c = *link) != NULL) {
		*link = c->next;
		c->next = *list;
		*list = c;
		host->connections--;
		pool->connections--;
		gate_free(&pool->gate);
	}
}

void
client_pool_close(struct client_pool *pool)
{
	struct connection *list = NULL;

	if (pool == NULL)
		return;
	for (unsigned i = 0; i < pool->nhosts; i++)
		take_idle(pool, &pool->hosts[i], INT64_MAX, &list);
	close_list(pool, list);
	must(pool->connections == 0);
	gate_destroy(&pool->gate);
	free(pool);
}

/* One attempt to have a question answered. */
struct attempt {
	struct client_pool *pool;
	bool *tried;      /* by host */
	int64_t deadline; /* of the question */
	struct host *host;
	struct connection *connection;
	bool trial; /* of the host's breaker */
};

static bool
may_ask(const struct attempt *a, const struct host *host, int64_t now)
{
	return !a->tried[host - a->pool->hosts] &&
	    breaker_admits(&host->breaker, now);
}

/* How much ${host} is wanted: more is better, 0: not at all. */
static int
merit(const struct attempt *a, const struct host *host, int64_t now)
{
	if (!may_ask(a, host, now))
		return 0;
	if (a->pool->kind->in_order)
		return 1;
	return 1 + (host->is_local ? 1 : 0) + (host->connections > 0 ? 2 : 0);
}

/* With the lock. */
static unsigned
draw(struct client_pool *pool)
{
	pool->seed = pool->seed * 1103515245 + 12345;
	return pool->seed >> 16;
}

static struct host *
choose_host(struct attempt *a)
{
	struct client_pool *pool = a->pool;
	struct host *best = NULL;
	int64_t now = clock_mono();
	int most = 0, m;
	unsigned alike = 0;

	for (unsigned i = 0; i < pool->nhosts; i++) {
		m = merit(a, &pool->hosts[i], now);
		if (m == 0 || m < most || (m == most && pool->kind->in_order))
			continue;
		alike = m > most ? 1 : alike + 1;
		most = m;
		/* Of n that are alike each is taken once in n times. */
		if (draw(pool) % alike == 0)
			best = &pool->hosts[i];
	}
	return best;
}

/* An idle connection of another host gives way, if there are too many. */
static void
make_room(struct client_pool *pool, struct connection **list)
{
	struct connection *c;

	for (unsigned i = 0; i < pool->nhosts; i++) {
		c = pool->hosts[i].idle;
		if (c == NULL)
			continue;
		pool->hosts[i].idle = c->next;
		pool->hosts[i].connections--;
		pool->connections--;
		c->next = *list;
		*list = c;
		return;
	}
}

/* No host may be asked. */
static bool
give_up(struct client_pool *pool)
{
	/* Nor need the next one wait. */
	gate_free(&pool->gate);
	return false;
}

/* Take an idle connection to the host, or the right to make one; what is to be
 * closed for it goes to *old.  False: not now. */
static bool
occupy(struct attempt *a, struct connection **old)
{
	struct client_pool *pool = a->pool;

	a->connection = a->host->idle;
	if (a->connection != NULL) {
		a->host->idle = a->connection->next;
	} else {
		if (pool->connections >= pool->most)
			make_room(pool, old);
		if (pool->connections >= pool->most)
			return false;
		pool->connections++;
		a->host->connections++;
	}
	a->trial = breaker_enter(&a->host->breaker);
	return true;
}

/* Choose a host and occupy a connection to it.  False: there is none. */
static bool
reserve(struct attempt *a, struct connection **old, struct err *err)
{
	struct client_pool *pool = a->pool;
	int64_t now = clock_mono();
	int64_t deadline = a->deadline == INT64_MAX
	    ? now + WAIT_SECONDS * CLOCK_SECOND
	    : now + (a->deadline - now) / 2;

	for (;;) {
		a->host = choose_host(a);
		if (a->host == NULL)
			return give_up(pool);
		if (occupy(a, old))
			return true;
		/* All are busy with what it does not answer, maybe. */
		if (!breaker_closed(&a->host->breaker))
			return give_up(pool);
		if (!gate_wait(&pool->gate, deadline)) {
			err_set(err, "all %d connections are busy", pool->most);
			event_warning(NULL, "%s: %s", a->host->name, err->text);
			return false;
		}
	}
}

/* The connection is no more, or never was. */
static void
forget(struct attempt *a, bool failed)
{
	struct client_pool *pool = a->pool;

	if (a->connection != NULL) {
		a->connection->next = NULL;
		close_list(pool, a->connection);
		a->connection = NULL;
	}
	gate_lock(&pool->gate);
	pool->connections--;
	a->host->connections--;
	if (failed && pool->kind->rests.first > 0)
		breaker_fail(&a->host->breaker, a->trial, &pool->kind->rests,
		    clock_mono(), draw(pool));
	else
		breaker_leave(&a->host->breaker, a->trial);
	gate_free(&pool->gate);
	gate_unlock(&pool->gate);
}

static void
give_back(struct attempt *a)
{
	struct client_pool *pool = a->pool;
	bool again;

	a->connection->is_new = false;
	a->connection->since = clock_mono();
	gate_lock(&pool->gate);
	a->connection->next = a->host->idle;
	a->host->idle = a->connection;
	again = breaker_succeed(&a->host->breaker);
	gate_free(&pool->gate);
	gate_unlock(&pool->gate);
	if (again)
		event_info(NULL, "%s: answers again", a->host->name);
}

/* If one idle connection is dead, the others are: the server was away. */
static void
forget_all_idle(struct attempt *a)
{
	struct connection *list = NULL;

	gate_lock(&a->pool->gate);
	take_idle(a->pool, a->host, INT64_MAX, &list);
	gate_unlock(&a->pool->gate);
	close_list(a->pool, list);
}

static bool
connect_to(
    struct attempt *a, const struct client_pool_turn *turn, struct err *err)
{
	const struct client_pool_kind *kind = a->pool->kind;
	void *handle = kind->connect(a->pool->arg, turn, err);

	if (handle == NULL)
		return false;
	a->connection = calloc(1, sizeof *a->connection);
	if (a->connection == NULL)
		fatal("out of memory");
	a->connection->handle = handle;
	a->connection->is_new = true;
	return true;
}

/* As reserve(), after old connections have been closed. */
static bool
take_connection(struct attempt *a, struct err *err)
{
	struct client_pool *pool = a->pool;
	struct connection *old = NULL;
	int64_t since = clock_mono() - IDLE_SECONDS * CLOCK_SECOND;
	bool reserved;

	gate_lock(&pool->gate);
	for (unsigned i = 0; i < pool->nhosts; i++)
		take_idle(pool, &pool->hosts[i], since, &old);
	reserved = reserve(a, &old, err);
	gate_unlock(&pool->gate);
	close_list(pool, old);
	return reserved;
}

/* It has not answered: say so, and ask it no more this time. */
static void
blame(struct attempt *a, const struct err *err)
{
	event_warning(NULL, "%s", err->text);
	a->tried[a->host - a->pool->hosts] = true;
}

/* The host's share of the time that is left. */
static int64_t
turn_deadline(struct attempt *a)
{
	struct client_pool *pool = a->pool;
	int64_t now = clock_mono();
	int hosts = 1;

	if (a->deadline == INT64_MAX)
		return INT64_MAX;
	gate_lock(&pool->gate);
	for (unsigned i = 0; i < pool->nhosts; i++)
		if (&pool->hosts[i] != a->host &&
		    may_ask(a, &pool->hosts[i], now))
			hosts++;
	gate_unlock(&pool->gate);
	return now + (a->deadline - now) / hosts;
}

/* Ask over one connection; 0 or -1, or 1: try another one. */
static int
ask_once(struct attempt *a,
    enum client_pool_result (*ask)(void *arg, void *connection,
	const struct client_pool_turn *turn, struct err *err),
    void *arg, struct err *err)
{
	struct client_pool_turn turn;
	bool was_idle;

	if (!take_connection(a, err))
		return -1;
	turn.host = a->host->name;
	turn.deadline = turn_deadline(a);
	if (a->connection == NULL && !connect_to(a, &turn, err)) {
		blame(a, err);
		forget(a, true);
		return 1;
	}
	was_idle = !a->connection->is_new;
	switch (ask(arg, a->connection->handle, &turn, err)) {
	case CLIENT_POOL_DONE:
		give_back(a);
		return 0;
	case CLIENT_POOL_REFUSED:
		blame(a, err);
		give_back(a);
		return 1;
	case CLIENT_POOL_LOST:
		if (was_idle) {
			forget(a, false);
			forget_all_idle(a);
			return 1;
		}
		break;
	case CLIENT_POOL_LATE:
		break;
	}
	blame(a, err);
	forget(a, true);
	return 1;
}

int
client_pool_ask(struct client_pool *pool, int64_t deadline,
    enum client_pool_result (*ask)(void *arg, void *connection,
	const struct client_pool_turn *turn, struct err *err),
    void *arg, struct err *err)
{
	struct attempt a = { .pool = pool, .deadline = deadline };
	int result;

	a.tried = calloc(pool->nhosts, sizeof *a.tried);
	if (a.tried == NULL)
		fatal("out of memory");
	err_set(err, "no server has answered lately");
	while ((result = ask_once(&a, ask, arg, err)) > 0)
		;
	free(a.tried);
	return result;
}
