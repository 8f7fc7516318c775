/* milterd_role.h - a milter service as a process: libmilter with its listener,
 * its signals and its threads. */
#ifndef POLICY_MILTERD_ROLE_H
#define POLICY_MILTERD_ROLE_H

#include <stdbool.h>
#include <stdint.h>

struct conf;
struct master_service;
struct state;
struct world;

struct milterd_role {
	struct conf *conf;
	const struct master_service *service;
	int fd; /* its listening socket; closed at the end */
	struct world *world;
	struct state *state; /* set by ready(); NULL: traces are not kept */
	int64_t drain;       /* how long sessions may go on after the end */
	bool strict;         /* a mistake in a list is fatal */
	/* As in policy_role.h. */
	int (*ready)(void *arg, const char *warnings);
	void (*retired)(void *arg);
	void *arg;
};

/*
 * milterd_role_run(role):
 * Serve until SIGQUIT, after which only messages that are under way are waited
 * for, or SIGUSR2 (others serve now), which waits for sessions; returns an exit
 * status.  Threads of libmilter are still there then, but do nothing more.
 * SIGTERM is libmilter's: it ends the service within seconds.
 */
int milterd_role_run(struct milterd_role *role);

#endif
