/* policy_role.h - the policy server as a process: loops, workers, its listening
 * sockets, one or more for each policy service of master.cf. */
#ifndef POLICY_POLICY_ROLE_H
#define POLICY_POLICY_ROLE_H

#include <stdbool.h>

#include "base/floors.h"

struct conf;
struct master;
struct state;
struct world;

struct policy_role {
	struct conf *conf;
	const struct master *master;
	struct world *world;
	struct state *state; /* set by ready(); NULL: traces are not kept */
	bool remembers;      /* restrictions do, in ${state}; set by ready() */
	bool strict;         /* a mistake in a list is fatal */
	struct floors_plan plan;
};

/* policy_role_run(role): serve until SIGTERM, or SIGUSR2 (others serve now);
 * returns an exit status.  All of ${role} must outlive it.  Whoever is in a
 * request gets his answer. */
int policy_role_run(const struct policy_role *role);

#endif
