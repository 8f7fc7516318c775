/* proxy_role.h - the role that clients talk to: SMTP servers on listening
 * sockets, one for each smtpd, lmtpd or pickup service of master.cf, and the way
 * into the queue. */
#ifndef PROXY_PROXY_ROLE_H
#define PROXY_PROXY_ROLE_H

#include <stdbool.h>

#include "base/floors.h"

struct conf;
struct master;
struct state;
struct verify;
struct world;

/* What the role is given.  All of it must outlive the role. */
struct proxy_role {
	struct conf *conf;
	const struct master *master;
	struct world *world;      /* asked by any thread */
	struct verify *verify;    /* gets what probes find out; NULL: none */
	const char *queue_socket; /* path of the queue role's socket */
	const char *admin_socket; /* path of its socket for commands */
	const char *spool;        /* directory that it may write to: large
				   * messages on their way by milters */
	struct state *state; /* where decision traces go (trace_log.h); NULL:
			      * nobody wants them */
	bool strict;         /* a mistake in a restriction list, a table or a
		      * certificate: do not start (a reload) */
	struct floors_plan plan;
};

/*
 * proxy_role_run(role):
 * Serve until SIGUSR2 (others serve the listeners now: accept nothing more, go
 * on with the sessions) or SIGTERM (end sessions after their current command or
 * message), both of which it takes over.  Returns when the sessions have ended,
 * after role->plan.drain at the latest, with the exit status: 0, that of
 * plan.ready(), or EX_CONFIG with the reasons logged.
 */
int proxy_role_run(const struct proxy_role *role);

#endif
