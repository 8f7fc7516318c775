/* floors.h - the loops of a role that serves clients, each with its thread and
 * its share of the listening sockets: how they begin, how they retire at a
 * reload, and how they end. */
#ifndef BASE_FLOORS_H
#define BASE_FLOORS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct floor;
struct floors;
struct master_service;
struct workers;

/* A listening, non-blocking socket of a service. */
struct floors_listener {
	const struct master_service *service;
	int fd;
	int loop; /* number of the only loop that accepts from it (sockets
		   * that share a port by SO_REUSEPORT); -1: all do */
};

/* What a role is told of serving. */
struct floors_plan {
	const struct floors_listener *listeners; /* closed when nobody listens:
						  * who comes then is others'
						  * client, or must not wait for
						  * nobody */
	size_t nlisteners;
	unsigned loops;   /* threads that keep clients; 0: one for each
			   * processor */
	unsigned workers; /* threads that may block; 0: 128 */
	int64_t drain;    /* how long clients may go on after the end, in
			   * nanoseconds */

	/* Called once when everything is open and nothing runs yet: the moment
	 * to enter the jail, open the resolver and report ready.  ${warnings}:
	 * what is wrong but tolerated, one "file:line: text" per line, or "".
	 * Nonzero: do not serve, return that. */
	int (*ready)(void *arg, const char *warnings);
	/* Called once, by any thread, when others serve now and nothing more
	 * is accepted. */
	void (*retired)(void *arg);
	void *arg;
};

/* What a kind of role does with its floors.  Those about one floor are called by
 * its loop's thread, or while that does not run. */
struct floors_kind {
	size_t size; /* of a floor, whose struct begins with a struct floor */
	/* Before the first floor opens, and after the last has closed. */
	void (*begin)(struct floors *floors);
	void (*end)(struct floors *floors);
	void (*open)(struct floor *floor);
	void (*close)(struct floor *floor);
	/* Let in who comes to ${listener}; ${share}: other loops listen on the
	 * same socket.  leave() is given what enter() returned. */
	void *(*enter)(struct floor *floor,
	    const struct floors_listener *listener, bool share);
	void (*leave)(void *door);
	/* Others serve now, nobody comes in any more: go on with those who are
	 * here.  NULL: there is no difference to drain(). */
	void (*retire)(struct floor *floor);
	/* Clients end after what is under way; then as soon as they can.  Who
	 * has let the last one go calls loop_stop(). */
	void (*drain)(struct floor *floor);
	void (*cut)(struct floor *floor);
};

/* One loop and its thread. */
struct floor {
	struct floors *floors;
	struct loop *loop;
	unsigned number;
	/* The rest is ours. */
	pthread_t thread;
	void **doors;
	size_t ndoors;
	bool has_left;
	struct loop_task retire, drain, cut;
	_Atomic bool over;
};

struct floors {
	const struct floors_plan *plan;
	const struct floors_kind *kind;
	void *role; /* the caller's */
	struct workers *workers;
	unsigned nworkers;
	unsigned count;
	/* The rest is ours. */
	struct floor **all;
	bool others; /* serve now */
	_Atomic unsigned left;
};

/*
 * floors_run(floors, warnings):
 * Serve as plan, kind and role of ${floors}, which the caller has set, say,
 * until SIGUSR2 (others serve the listeners now) or SIGTERM, both of which it
 * takes over, and until then the clients have ended, after plan->drain at the
 * latest.  ${warnings} are for ready().  Returns its status, or 0.
 */
int floors_run(struct floors *floors, const char *warnings);

/*
 * floors_ceilings(floors, workers, most, count):
 * most[i] is how many clients of service i may have a worker at a time, 0: any
 * number.  Make of it how many of one floor may: all of them together less than
 * ${workers}, and each at least one.
 */
void floors_ceilings(const struct floors *floors, unsigned workers,
    unsigned *most, size_t count);

/* floors_clients(floors, most): what one floor may have of ${most} clients, which
 * is at least one. */
size_t floors_clients(const struct floors *floors, size_t most);

#endif
