/* Connections of tables to their servers: kept, replaced, limited, and given
 * up in time. */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "t/tables.h"

enum { ASKERS = 40, QUESTIONS = 50, CEILING = 20, MOST = 64 };

/* A tcp_table(5) server with a thread for each connection. */
static struct {
	int listening;
	unsigned port;
	atomic_int connections, open, peak;
	atomic_bool held; /* answer nobody */
	pthread_t threads[MOST + 1];
} server;

static void
wait_a_bit(void)
{
	(void)poll(NULL, 0, 5);
}

static void *
serve_one(void *arg)
{
	FILE *peer = arg;
	char line[256];

	while (fgets(line, sizeof line, peer) != NULL) {
		while (server.held)
			wait_a_bit();
		line[strcspn(line, "\n")] = '\0';
		(void)fflush(peer);
		(void)fprintf(peer, "200 %s\n", line + 4);
		(void)fflush(peer);
		if (strcmp(line, "get bye") == 0)
			break;
	}
	(void)fclose(peer);
	(void)atomic_fetch_sub(&server.open, 1);
	return NULL;
}

static void *
serve(void *arg)
{
	int fd, now;

	(void)arg;
	while ((fd = accept(server.listening, NULL, NULL)) >= 0 &&
	    server.connections < MOST) {
		now = atomic_fetch_add(&server.open, 1) + 1;
		if (now > server.peak)
			server.peak = now;
		(void)pthread_create(
		    &server.threads[atomic_fetch_add(&server.connections, 1)],
		    NULL, serve_one, fdopen(fd, "r+"));
	}
	return NULL;
}

static void
begin_serving(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (server.port = 10000 + (unsigned)getpid() % 9000;; server.port++) {
		sin.sin_port = htons((uint16_t)server.port);
		if (bind(server.listening, (void *)&sin, sizeof sin) == 0)
			break;
	}
	(void)listen(server.listening, MOST);
	(void)pthread_create(&server.threads[MOST], NULL, serve, NULL);
}

static void
end_serving(void)
{
	(void)shutdown(server.listening, SHUT_RDWR);
	(void)pthread_join(server.threads[MOST], NULL);
	(void)close(server.listening);
	for (int i = 0; i < server.connections; i++)
		(void)pthread_join(server.threads[i], NULL);
}

static struct table *
open_tcp(void)
{
	char spec[64];

	(void)snprintf(spec, sizeof spec, "tcp:127.0.0.1:%u", server.port);
	return table_open(spec, NULL, NULL);
}

static void
wait_until_open(int n)
{
	for (int i = 0; i < 1000 && server.open != n; i++)
		wait_a_bit();
}

static void
test_kept(void)
{
	struct table *t = open_tcp();

	ok(table_flags(t) == (TABLE_WHOLE_KEY | TABLE_MAY_BLOCK),
	    "what callers must know");
	is(ask(t, "a"), "a", "asked");
	is(ask(t, "b"), "b", "again");
	ok(server.connections == 1, "over one connection");
	is(ask(t, "bye"), "bye", "the server hangs up");
	wait_until_open(0);
	is(ask(t, "c"), "c", "which is no failure");
	ok(server.connections == 2, "a new connection");
	seconds_later(101);
	is(ask(t, "d"), "d", "one that was idle for too long");
	ok(server.connections == 3, "is not used again");
	table_close(t);
	wait_until_open(0);
	ok(server.open == 0, "no connection is left");
	is(collect(), "", "of which nobody needs to know");
}

static atomic_int right;

static void *
ask_many(void *arg)
{
	struct table *t = arg;
	struct arena *arena = arena_new();
	struct table_value v;
	char key[32];

	for (int i = 0; i < QUESTIONS; i++) {
		(void)snprintf(key, sizeof key, "%p.%d", (void *)&key, i);
		if (table_find(t, arena, key, &v) == TABLE_FOUND &&
		    strcmp(v.text, key) == 0)
			right++;
	}
	arena_free(arena);
	return NULL;
}

static void
test_ceiling(void)
{
	struct table *t = open_tcp();
	pthread_t askers[ASKERS];

	server.peak = 0;
	server.held = true;
	for (int i = 0; i < ASKERS; i++)
		(void)pthread_create(&askers[i], NULL, ask_many, t);
	wait_until_open(CEILING);
	server.held = false;
	for (int i = 0; i < ASKERS; i++)
		(void)pthread_join(askers[i], NULL);
	ok(right == ASKERS * QUESTIONS, "%d answers to those who asked",
	    (int)right);
	ok(server.peak == CEILING, "over %d connections", (int)server.peak);
	table_close(t);
	wait_until_open(0);
	is(collect(), "", "none failed");
}

static atomic_int failed;

static void *
ask_one(void *arg)
{
	struct arena *arena = arena_new();
	struct table_value v;

	failed += table_find(arg, arena, "key", &v) == TABLE_FAILED;
	arena_free(arena);
	return NULL;
}

/* Hostile: a server that takes connections and says nothing. */
static void
test_time(void)
{
	struct table *t = open_tcp();
	pthread_t askers[CEILING + 1];
	const char *said;
	int silent = 0;

	server.held = true;
	for (int i = 0; i < CEILING; i++)
		(void)pthread_create(&askers[i], NULL, ask_one, t);
	wait_until_open(CEILING);
	/* It begins when all others have, and so has no more time. */
	(void)pthread_create(&askers[CEILING], NULL, ask_one, t);
	for (int i = 0; i < 4; i++)
		wait_a_bit();
	ok(failed == 0, "they have time");
	seconds_later(101);
	/* Again for one that has begun only now. */
	for (int i = 1; i < 10000 && failed <= CEILING; i++) {
		wait_a_bit();
		if (i % 50 == 0)
			seconds_later(101);
	}
	for (int i = 0; i <= CEILING; i++)
		(void)pthread_join(askers[i], NULL);
	ok(failed == CEILING + 1, "then they could not ask");
	server.held = false;
	said = collect();
	for (const char *p = said; (p = strstr(p, "read timeout")) != NULL; p++)
		silent++;
	ok(silent >= CEILING, "and %d say why", silent);
	is(ask(t, "k"), "k", "when it speaks again, all is well");
	table_close(t);
	wait_until_open(0);
}

static void
test_gone(void)
{
	struct table *t = open_tcp();
	char want[128];

	is(ask(t, "bye"), "bye", "one that ends");
	end_serving();
	is(ask(t, "k"), "!Connection refused", "could not ask");
	(void)snprintf(want, sizeof want,
	    "warning: connect to TCP map 127.0.0.1:%u: Connection refused\n",
	    server.port);
	is(collect(), want, "Postfix's words");
	table_close(t);
}

int
main(void)
{
	tables_begin();
	begin_serving();
	test_kept();
	test_ceiling();
	test_time();
	test_gone();
	return tables_end();
}
