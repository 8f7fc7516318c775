/* proxy_role.h - the role that clients talk to: SMTP servers on listening
 * sockets, one for each smtpd, lmtpd or pickup service of master.cf, and the way
 * into the queue. */
#ifndef PROXY_PROXY_ROLE_H
#define PROXY_PROXY_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct master;
struct master_service;
struct state;
struct verify;
struct world;

/* A listening, non-blocking socket of a service. */
struct proxy_listener {
	const struct master_service *service; /* one of the role's master */
	int fd;
	int loop; /* number of the only loop that accepts from it (sockets
		   * that share a port by SO_REUSEPORT); -1: all do */
};

/* What the role is given.  All of it must outlive the role. */
struct proxy_role {
	struct conf *conf;
	const struct master *master;
	struct world *world;   /* asked by any thread */
	struct verify *verify; /* gets what probes find out; NULL: none */
	const struct proxy_listener *listeners;
	size_t nlisteners;
	const char *queue_socket; /* path of the queue role's socket */
	const char *admin_socket; /* path of its socket for commands */
	const char *spool;        /* directory that it may write to: large
				   * messages on their way by milters */
	unsigned loops;           /* threads that keep sessions; 0: one for
				   * each processor */
	unsigned workers;         /* threads that may block; 0: 128 */
	int64_t drain;            /* how long sessions may go on after SIGTERM,
				   * in nanoseconds */
	struct state *state; /* where decision traces go (trace_log.h); NULL:
			      * nobody wants them */
	bool strict;         /* a mistake in a restriction list, a table or a
		      * certificate: do not start (a reload) */

	/* Called once when every list is compiled and every table is open and
	 * nothing runs yet: the moment to enter the jail, open the resolver
	 * and report ready.  ${warnings}: what is wrong, one "file:line: text"
	 * per line, or "".  Nonzero: do not serve, return that.  May be NULL. */
	int (*ready)(void *arg, const char *warnings);
	/* Called once by one of our threads, after SIGUSR2, when nothing more
	 * is accepted.  May be NULL. */
	void (*retired)(void *arg);
	void *arg;
};

/*
 * proxy_role_run(role):
 * Serve until SIGUSR2 (others serve the listeners now: accept nothing more, go
 * on with the sessions) or SIGTERM (end sessions after their current command or
 * message), both of which it takes over.  The listeners stay the caller's.
 * Returns when the sessions have ended, after role->drain at the latest, with
 * the exit status: 0, or EX_CONFIG with the reasons logged.
 */
int proxy_role_run(const struct proxy_role *role);

#endif
