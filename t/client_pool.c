/* Connections to servers that hang, fail and come back: who waits, for how long,
 * and who asks next. */
#include "rules/client_pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "t/tables.h"

enum { MOST = 3, CROWD = 20 };

/* A server, or two. */
static struct {
	atomic_bool dead[2], hangs[2];
	atomic_int asked[2], waiting;
	atomic_llong shares[2]; /* of the deadline, as it was given, in ms */
} server;

static char first[] = "0", second[] = "1";
static char *const two_hosts[] = { first, second, NULL };
static char *const one_host[] = { first, NULL };

static void *
connect_to(void *arg, const struct client_pool_turn *turn, struct err *err)
{
	int i = turn->host[0] - '0';

	(void)arg;
	server.shares[i] =
	    (turn->deadline - clock_mono() + CLOCK_MS / 2) / CLOCK_MS;
	if (!server.dead[i])
		return &server;
	(void)atomic_fetch_add(&server.asked[i], 1);
	err_set(err, "connect to %s: refused", turn->host);
	return NULL;
}

static void
disconnect(void *connection)
{
	(void)connection;
}

static enum client_pool_result
question(void *arg, void *connection, const struct client_pool_turn *turn,
    struct err *err)
{
	int i = turn->host[0] - '0';

	(void)arg;
	(void)connection;
	(void)atomic_fetch_add(&server.asked[i], 1);
	(void)atomic_fetch_add(&server.waiting, 1);
	while (server.hangs[i] && clock_mono() < turn->deadline)
		(void)usleep(1000);
	(void)atomic_fetch_sub(&server.waiting, 1);
	if (!server.hangs[i])
		return CLIENT_POOL_DONE;
	err_set(err, "%s: no answer", turn->host);
	return CLIENT_POOL_LATE;
}

/* Rests are long, so that time which really passes is nothing beside them. */
enum { FIRST = 1000, MOST_REST = 30 * FIRST };

static struct client_pool *
open_pool(char *const *hosts)
{
	static const struct client_pool_kind kind = { .connect = connect_to,
		.disconnect = disconnect,
		.in_order = true,
		.rests = { .first = FIRST * CLOCK_SECOND,
		    .most = MOST_REST * CLOCK_SECOND } };

	memset(&server, 0, sizeof server);
	return client_pool_open(&kind, NULL, hosts, MOST);
}

/* Ask; "" or why not. */
static const char *
put(struct client_pool *pool, int seconds)
{
	static _Thread_local struct err err;

	err.text[0] = '\0';
	return client_pool_ask(pool, clock_mono() + seconds * CLOCK_SECOND,
		   question, NULL, &err) == 0
	    ? ""
	    : err.text;
}

struct asker {
	pthread_t thread;
	struct client_pool *pool;
	char said[1024];
	atomic_bool done;
};

static void *
put_one(void *arg)
{
	struct asker *a = arg;

	(void)snprintf(a->said, sizeof a->said, "%s", put(a->pool, 60));
	a->done = true;
	return NULL;
}

static void
start(struct asker *a, struct client_pool *pool)
{
	a->pool = pool;
	a->done = false;
	(void)pthread_create(&a->thread, NULL, put_one, a);
}

static void
until(const atomic_int *count, int n)
{
	while (*count != n)
		(void)usleep(1000);
}

/* The rest grows as the breaker's does, and a server that is back is known. */
static void
test_rests(void)
{
	struct client_pool *pool = open_pool(one_host);
	int waited[4];

	server.dead[0] = true;
	is(put(pool, 60), "connect to 0: refused", "a server that is away");
	is(put(pool, 60), "no server has answered lately", "is left alone");
	ok(server.asked[0] == 1, "it was asked once");
	for (int i = 0; i < 4; i++)
		for (waited[i] = 0; server.asked[0] < i + 2; waited[i]++) {
			seconds_later(FIRST);
			(void)put(pool, 60);
		}
	ok(waited[0] == 1 && waited[1] == 2 && waited[2] >= 3 &&
		waited[2] <= 4 && waited[3] >= 6 && waited[3] <= 8,
	    "%d, %d, %d and %d of its first rest", waited[0], waited[1],
	    waited[2], waited[3]);
	for (int i = 0; i < 100; i++) {
		seconds_later(MOST_REST);
		(void)put(pool, 60);
	}
	ok(server.asked[0] == 105, "at last always as long");
	(void)collect();
	server.dead[0] = false;
	seconds_later(MOST_REST);
	is(put(pool, 60), "", "it is back");
	is(collect(), "0: answers again\n", "and the log says so");
	client_pool_close(pool);
}

/* Hostile: a server that takes connections and says nothing.  Of those that ask
 * when that is not known, as many wait as there are connections; all the others
 * are sent away at the latest when the first one knows. */
static void
test_crowd(void)
{
	struct client_pool *pool = open_pool(one_host);
	static struct asker askers[CROWD];
	unsigned late = 0, others = 0;

	server.hangs[0] = true;
	for (int i = 0; i < CROWD; i++)
		start(&askers[i], pool);
	until(&server.waiting, MOST);
	ok(server.asked[0] == MOST, "no more than there are connections");
	seconds_later(61);
	for (int i = 0; i < CROWD; i++) {
		(void)pthread_join(askers[i].thread, NULL);
		late += strcmp(askers[i].said, "0: no answer") == 0;
		others += strcmp(askers[i].said,
			      "no server has answered lately") == 0 ||
		    strcmp(askers[i].said, "all 3 connections are busy") == 0;
	}
	ok(late == MOST && late + others == CROWD,
	    "%u have waited for it, %u for them", late, others);
	ok(server.asked[0] == MOST, "who waited for them asks no more");
	(void)collect();
	client_pool_close(pool);
}

/* Half open: one tries, and nobody waits for what comes of it. */
static void
test_trial(void)
{
	struct client_pool *pool = open_pool(one_host);
	static struct asker trial;
	unsigned away = 0;

	server.dead[0] = true;
	(void)put(pool, 60);
	server.dead[0] = false;
	server.hangs[0] = true;
	seconds_later(FIRST);
	start(&trial, pool);
	until(&server.waiting, 1);
	for (int i = 0; i < CROWD; i++)
		away +=
		    strcmp(put(pool, 60), "no server has answered lately") == 0;
	ok(away == CROWD && !trial.done && server.asked[0] == 2,
	    "while one tries, the others do not");
	server.hangs[0] = false;
	(void)pthread_join(trial.thread, NULL);
	is(trial.said, "", "the trial has succeeded");
	is(put(pool, 60), "", "and all ask again");
	(void)collect();
	client_pool_close(pool);
}

/* A question's time is for all that it may have to wait for. */
static void
test_shares(void)
{
	struct client_pool *pool = open_pool(two_hosts);
	pthread_t clock;

	server.dead[0] = true;
	is(put(pool, 100), "", "the second server answers");
	ok(server.shares[0] > 40000 && server.shares[0] <= 50000,
	    "when the first one had half of the time: %lld",
	    (long long)server.shares[0]);
	ok(server.shares[1] > 90000, "and it had what was left: %lld",
	    (long long)server.shares[1]);
	client_pool_close(pool);
	pool = open_pool(two_hosts);
	server.dead[1] = true;
	server.hangs[0] = true;
	(void)pthread_create(&clock, NULL, let_time_pass, NULL);
	is(put(pool, 10), "connect to 1: refused", "both fail");
	(void)pthread_join(clock, NULL);
	server.hangs[0] = server.dead[1] = false;
	seconds_later(FIRST);
	is(put(pool, 60), "", "and are asked again");
	(void)collect();
	client_pool_close(pool);
}

int
main(void)
{
	tables_begin();
	test_rests();
	test_crowd();
	test_trial();
	test_shares();
	return tables_end();
}
