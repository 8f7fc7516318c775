/* client_pool.h - connections of one table to the servers that may answer for
 * it, shared by threads. */
#ifndef RULES_CLIENT_POOL_H
#define RULES_CLIENT_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/breaker.h"

struct client_pool;
struct err;

/* How one question went. */
enum client_pool_result {
	CLIENT_POOL_DONE,    /* whatever the answer, it is the answer */
	CLIENT_POOL_REFUSED, /* the server will not, and the reason */
	CLIENT_POOL_LOST,    /* the connection is gone */
	CLIENT_POOL_LATE,    /* no answer in time; the connection is useless */
};

/* A host's turn to answer a question. */
struct client_pool_turn {
	const char *host;
	int64_t deadline; /* of connecting and asking; INT64_MAX: their own */
};

/* What a pool is of. */
struct client_pool_kind {
	/* A connection; NULL and the text of a warning. */
	void *(*connect)(
	    void *arg, const struct client_pool_turn *turn, struct err *err);
	void (*disconnect)(void *connection);
	/* Is preferred.  NULL: all are alike. */
	bool (*is_local)(const char *host);
	bool in_order; /* hosts are tried in their order, not at random */
	/* How long a host that fails is left alone. */
	struct breaker_rests rests;
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
 * client_pool_ask(pool, deadline, ask, arg, err):
 * Have ${ask} put its question over a connection.  If that fails, its reason is
 * logged as a warning and the next host is tried; a host that has closed an
 * idle connection is first given a new one.  0, or -1 and the last reason: no
 * host could be asked, or no connection became free in time.  Any thread; blocks
 * until ${deadline} (clock_mono()): half of the time for a connection to become
 * free, and what is left then is shared evenly by the hosts that may be asked, so
 * that one that hangs leaves some to the next.  INT64_MAX: there is none, and ten
 * seconds for a free connection.  Nobody waits for a host that is left alone.
 */
int client_pool_ask(struct client_pool *pool, int64_t deadline,
    enum client_pool_result (*ask)(void *arg, void *connection,
	const struct client_pool_turn *turn, struct err *err),
    void *arg, struct err *err);

#endif
