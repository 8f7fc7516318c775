/* policy_role.h - the policy server as a process: loops, workers, its listening
 * sockets, one or more for each policy service of master.cf. */
#ifndef POLICY_POLICY_ROLE_H
#define POLICY_POLICY_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct master;
struct master_service;
struct state;
struct world;

/* A listening socket, and the loop that it is for; -1: all of them. */
struct policy_listener {
	const struct master_service *service;
	int fd;
	int loop;
};

struct policy_role {
	struct conf *conf;
	const struct master *master;
	struct world *world;
	struct state *state; /* set by ready(); NULL: traces are not kept */
	const struct policy_listener *listeners; /* closed at the end */
	size_t nlisteners;
	unsigned loops;   /* 0: one for each processor */
	unsigned workers; /* 0: the default */
	int64_t drain;    /* how long connections may go on after the end */
	bool strict;      /* a mistake in a list is fatal */
	/* All is open: enter the jail and say so, with what was wrong but
	 * tolerated (""), and return 0 to serve, or an exit status. */
	int (*ready)(void *arg, const char *warnings);
	/* No more connections are accepted. */
	void (*retired)(void *arg);
	void *arg;
};

/* policy_role_run(role): serve until SIGTERM, or SIGUSR2 (others serve now);
 * returns an exit status.  Whoever is in a request gets his answer. */
int policy_role_run(const struct policy_role *role);

#endif
