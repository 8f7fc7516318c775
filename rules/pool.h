/* pool.h - the connections of a table to its server: kept, used again, and
 * no more than so many. */
#ifndef RULES_POOL_H
#define RULES_POOL_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct pool;
struct stream;

struct pool_limits {
	size_t most;               /* connections at one time */
	int64_t max_idle, max_ttl; /* of one, nanoseconds */
};

/* pool_new(endpoint, limits): of connections to ${endpoint} (dial.h), of which
 * none is made yet.  pool_free(): when nobody asks any more. */
struct pool *pool_new(const char *endpoint, const struct pool_limits *limits);
void pool_free(struct pool *pool);

enum pool_status {
	POOL_DONE,
	POOL_UNREACHABLE, /* no connection */
	POOL_BROKEN,      /* ${talk} failed */
};

/*
 * pool_ask(pool, deadline, talk, arg, err):
 * Have ${talk} hold one conversation over a connection, before ${deadline}
 * (clock_mono()).  It returns 0: the connection is as it was before and may be
 * kept; or -1 and the reason: it must be closed.  That is no failure if the
 * connection had been kept, since the server may have closed it meanwhile: then
 * ${talk} is called once more, with a new one.  Any number of threads, which
 * may block: if there are limits->most connections already, for one of them to
 * become free.
 */
enum pool_status pool_ask(struct pool *pool, int64_t deadline,
    int (*talk)(struct stream *stream, void *arg, struct err *err), void *arg,
    struct err *err);

#endif
