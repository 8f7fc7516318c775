/* transport.h - a way out: a unix service of master.cf that names an agent. */
#ifndef DELIVERY_TRANSPORT_H
#define DELIVERY_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base_params.h"
#include "delivery/delivery_params.h"

struct agent;
struct arena;
struct conf;
struct err;
struct master;

struct transport {
	const char *name;
	const struct agent *agent;
	struct conf *conf; /* with the -o options of the service */
	struct base_params base;
	struct delivery_params params;
	bool soft_bounce;
	size_t limit; /* deliveries at once */
	void *state;  /* the agent's */
};

/* All transports; immutable once read. */
struct transports {
	struct transport **list;
	size_t count;
};

/*
 * transport_open_all(master, conf, arena, err):
 * Make a transport of each unix service whose command is an agent.  One with a
 * mistake is left out, and the mistakes are gathered in ${err}, so that mail
 * for it waits ("mail transport unavailable") and the others work.
 */
struct transports *transport_open_all(const struct master *master,
    struct conf *conf, struct arena *arena, struct err *err);

/* transport_close_all(all, conf): when no delivery runs any more; ${conf} is
 * what transport_open_all() was given. */
void transport_close_all(struct transports *all, const struct conf *conf);

/* transport_find(all, name): NULL: there is none. */
struct transport *
transport_find(const struct transports *all, const char *name);

/* transport_by(t, number, qid): who says something in the log: the agent, under
 * the transport's syslog_name; "error" where there is no transport (NULL). */
struct event_by
transport_by(const struct transport *t, unsigned number, const char *qid);

#endif
