/* policy_door.h - one policy service of master.cf: its view of the parameters,
 * and its lists. */
#ifndef POLICY_POLICY_DOOR_H
#define POLICY_POLICY_DOOR_H

#include <stdbool.h>

#include "policy/policy_params.h"

struct arena;
struct conf;
struct err;
struct master_service;
struct route;
struct rules;

/* Immutable once open; any thread. */
struct policy_door {
	const struct master_service *master;
	struct arena *arena;
	struct conf *conf; /* the service's view */
	struct policy_params params;
	struct route *route;
	struct rules *rules;
	const char *syslog_name;
	int most_busy;  /* evaluations that may block at a time; 0: any */
	bool trace_all; /* weir_trace_all */
};

/* policy_door_is(master): it is one, on ports or on a Unix socket. */
bool policy_door_is(const struct master_service *master);

/*
 * policy_door_open(master, conf, strict, err):
 * Open the service ${master} of the configuration ${conf}; both must outlive
 * it.  Mistakes are gathered in ${err}.  NULL: a parameter cannot be used, or
 * there is a mistake and ${strict}.
 */
struct policy_door *policy_door_open(const struct master_service *master,
    struct conf *conf, bool strict, struct err *err);
void policy_door_close(struct policy_door *door);

#endif
