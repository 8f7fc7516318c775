/* client_pool.h - connections of one table to the servers that may answer for
 * it, shared by threads. */
#ifndef RULES_CLIENT_POOL_H
#define RULES_CLIENT_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct client_pool;
struct err;

/* How one question went. */
enum client_pool_result {
	CLIENT_POOL_DONE,    /* whatever the answer, it is the answer */
	CLIENT_POOL_REFUSED, /* the server will not, and the reason */
	CLIENT_POOL_LOST,    /* the connection is gone */
	CLIENT_POOL_LATE,    /* no answer in time; the connection is useless */
};

/* What a pool is of. */
struct client_pool_kind {
	/* A connection to ${host}, with its own deadline; NULL and the text of
	 * a warning. */
	void *(*connect)(void *arg, const char *host, struct err *err);
	void (*disconnect)(void *connection);
	/* Is preferred.  NULL: all are alike. */
	bool (*is_local)(const char *host);
	bool in_order;    /* hosts are tried in their order, not at random */
	int64_t rest;     /* how long a host that fails is left alone */
	int64_t patience; /* for a free connection; 0: ten seconds */
};

/*
 * client_pool_open(kind, arg, hosts, most):
 * No connection is made yet.  ${kind}, ${hosts}, ended by NULL and not empty, and
 * ${arg} must live as long.  There will be no more than ${most} connections.
 */
struct client_pool *client_pool_open(const struct client_pool_kind *kind,
    void *arg, char *const *hosts, int most);
void client_pool_close(struct client_pool *pool);

/*
 * client_pool_ask(pool, ask, arg, err):
 * Have ${ask} put its question over a connection.  If that fails, its reason is
 * logged as a warning and the next host is tried; a host that has closed an
 * idle connection is first given a new one.  0, or -1 and the last reason: no
 * host could be asked, or no connection became free in time.  Blocks;
 * any thread.
 */
int client_pool_ask(struct client_pool *pool,
    enum client_pool_result (*ask)(
	void *arg, void *connection, const char *host, struct err *err),
    void *arg, struct err *err);

#endif
