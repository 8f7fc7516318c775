/* redis_server.h - a Redis server, or several that may answer, as the parameters
 * of a table name them: host, port, path, username, password, dbindex, tls and
 * its relatives, timeout, connection_limit. */
#ifndef RULES_REDIS_SERVER_H
#define RULES_REDIS_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct redis_reply;
struct redis_server;
struct table_settings;

/* redis_server_open(settings, timeout, err): no connection is made yet.
 * ${settings} stay the caller's and must live as long; ${timeout}, in seconds, is
 * what holds unless they say another.  NULL and the reason. */
struct redis_server *redis_server_open(
    struct table_settings *settings, int timeout, struct err *err);
void redis_server_close(struct redis_server *server);

/* A question: as redis_ask() takes it. */
struct redis_server_command {
	const char *const *words;
	size_t most;
	/* NULL: the reply is the answer, whose texts live in the arena; or why
	 * it is none. */
	const char *(*judge)(void *arg, const struct redis_reply *reply);
	void *arg;
	int64_t deadline; /* redis_server_deadline(), for several together */
};

/* redis_server_deadline(server): until when a question that is put now must have
 * been answered; of clock_mono(). */
int64_t redis_server_deadline(const struct redis_server *server);

/*
 * redis_server_ask(server, command, arena, err):
 * Ask over a connection that is kept for the next question.  What fails is
 * logged as a warning, and the next server is asked; one that did not answer is
 * left alone for a rest that grows (breaker.h), from one second to thirty.  0, or
 * -1 and the last reason.  Blocks until the deadline, whatever there is to wait
 * for (client_pool.h), but for libc's look-up of a name; any thread.
 */
int redis_server_ask(struct redis_server *server,
    const struct redis_server_command *command, struct arena *arena,
    struct err *err);

#endif
