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
struct master_service;
struct table_list;

struct transport {
	const char *name;
	const struct agent *agent;
	const struct master_service *service;
	struct conf *conf; /* with the -o options of the service */
	struct base_params base;
	struct delivery_params params;
	bool soft_bounce;
	struct table_list *status_filter; /* NULL: none */
	size_t limit;                     /* deliveries at once */
	void *state;                      /* the agent's */
};

/* transport_open(service, agent, conf, arena, err): the transport that
 * ${service} names, in ${arena}, with ${agent} ready for it; ${service} and
 * ${conf} must stay.  NULL and ${err}: a mistake in its parameters. */
struct transport *
transport_open(const struct master_service *service, const struct agent *agent,
    struct conf *conf, struct arena *arena, struct err *err);

/* transport_close(t, conf): when no delivery of it runs any more; ${conf} is
 * what transport_open() was given. */
void transport_close(struct transport *t, const struct conf *conf);

/* transport_by(t, number, qid): who says something in the log: the agent, under
 * the transport's syslog_name; "error" where there is no transport (NULL). */
struct event_by
transport_by(const struct transport *t, unsigned number, const char *qid);

#endif
