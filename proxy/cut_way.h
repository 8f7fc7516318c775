/* cut_way.h - the ways out that a message may take without the queue: smtp and
 * lmtp transports, and which of their destinations may be tried. */
#ifndef PROXY_CUT_WAY_H
#define PROXY_CUT_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct cut_ways;
struct err;
struct master;
struct transport;

struct cut_way {
	struct transport *transport;
	unsigned concurrency, recipients; /* at most; 0: no limit */
	bool paced; /* the queue keeps its pace: for nothing but probes */
};

/* cut_way_open(master, conf, err): open the transports; both must outlive it.
 * One with a mistake is left out, and takes the queue.  NULL and ${err}: a
 * parameter of the queue is wrong. */
struct cut_ways *
cut_way_open(const struct master *master, struct conf *conf, struct err *err);

/* cut_way_close(ways): when no delivery runs any more; NULL is allowed. */
void cut_way_close(struct cut_ways *ways);

/* cut_way_find(ways, name): the transport ${name}, or NULL: none that may be
 * used so.  Any thread. */
const struct cut_way *
cut_way_find(const struct cut_ways *ways, const char *name);

/* cut_way_enter(ways, way, nexthop, pause): a delivery may begin: there are not
 * too many under way, and none has failed lately.  After a pause of ${pause} one
 * is tried alone.  Then, any thread: cut_way_leave(ways, way, nexthop, failed,
 * pause): it has ended; true: now the pause begins. */
bool cut_way_enter(struct cut_ways *ways, const struct cut_way *way,
    const char *nexthop, int64_t pause);
bool cut_way_leave(struct cut_ways *ways, const struct cut_way *way,
    const char *nexthop, bool failed, int64_t pause);

/* cut_way_idle(ways, now): close what has been idle for too long; true: there
 * is more, ask again.  Any thread. */
bool cut_way_idle(struct cut_ways *ways, int64_t now);

#endif
