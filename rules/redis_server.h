/* redis_server.h - a Redis server, or several that may answer, as the parameters
 * of a table name them: host, port, path, username, password, dbindex, tls and
 * its relatives, timeout, connection_limit. */
#ifndef RULES_REDIS_SERVER_H
#define RULES_REDIS_SERVER_H

#include <stddef.h>

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

/*
 * redis_server_ask(server, words, most, arena, judge, arg, err):
 * As redis_ask(), over a connection that is kept for the next question; ${judge}
 * returns NULL for a reply that is the answer, whose texts live in ${arena}, or
 * why it is none.  What fails is logged as a warning, and the next server is
 * asked; one that did not answer is left alone for five seconds.  0, or -1 and
 * the last reason.  Blocks, for each server no longer than its timeout to connect
 * and another to answer; any thread.
 */
int redis_server_ask(struct redis_server *server, const char *const *words,
    size_t most, struct arena *arena,
    const char *(*judge)(void *arg, const struct redis_reply *reply), void *arg,
    struct err *err);

#endif
