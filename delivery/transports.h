/* transports.h - all transports that master.cf has. */
#ifndef DELIVERY_TRANSPORTS_H
#define DELIVERY_TRANSPORTS_H

#include <stddef.h>

struct arena;
struct conf;
struct err;
struct master;
struct transport;

/* Immutable once read. */
struct transports {
	struct transport **list;
	size_t count;
};

/*
 * transports_open(master, conf, arena, err):
 * Make a transport of each unix service whose command is an agent, and one of
 * the name of job_rescan if there is none.  One with a
 * mistake is left out, and the mistakes are gathered in ${err}, so that mail
 * for it waits ("mail transport unavailable") and the others work.
 */
struct transports *transports_open(const struct master *master,
    struct conf *conf, struct arena *arena, struct err *err);

/* transports_close(all, conf): when no delivery runs any more; ${conf} is what
 * transports_open() was given. */
void transports_close(struct transports *all, const struct conf *conf);

#endif
