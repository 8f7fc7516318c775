/* rollout.h - generations of the configuration and the processes that serve
 * them: a new one takes over when all of it is ready, and not at all if it is
 * not; a role that dies is started again.  Single-threaded, on a loop. */
#ifndef WEIR_ROLLOUT_H
#define WEIR_ROLLOUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/loop.h"
#include "weir/listeners.h"
#include "weir/process.h"

struct err;
struct generation;

/* What a process is for: a role or, of roles with a process for each, one of its
 * services; and how soon one that died may be started again. */
struct rollout_place {
	struct loop_timer timer; /* first */
	struct rollout_place *next;
	struct rollout *rollout;
	const struct role *role;
	char *service;     /* "inet:name"; or NULL */
	unsigned failures; /* a few moments after its start, in a row */
	unsigned crashes;  /* of this generation, in a row */
};

struct rollout {
	/* The owner's. */
	struct loop *loop;
	const char *dir;
	const char *only;       /* the one role that is to run; NULL: all */
	struct generation *now; /* what is served; set before the start */
	struct listeners listeners;
	struct process_files files;
	/* A role gives a file (taken) with patterns to compile. */
	void (*patterns)(void *arg, int fd);
	void *patterns_arg;
	/* For others to read. */
	struct process *processes;
	unsigned number; /* of the newest generation */
	bool served;     /* there has been one that serves */
	bool stopping;   /* the loop ends with the last process */
	/* Its own. */
	struct generation *next; /* what is being rolled out, or NULL */
	struct rollout_place *places, **places_end; /* ever needed */
	unsigned leaving; /* processes of the last generation that may still
			   * accept clients */
	struct buf said;  /* by roles, during a roll-out */
	void (*done)(void *arg, bool good, const char *text);
	void *done_arg;
};

/*
 * rollout_start(r, done, arg):
 * Start the roles of r->now.  done() is called once, here or later: all serve
 * (${text} is what was wrong but tolerated), or some cannot, why, and the loop
 * will end.  False: there is nothing that the loop would have to wait for.
 */
bool rollout_start(struct rollout *r,
    void (*done)(void *arg, bool good, const char *text), void *arg);

/* rollout_reload(r, done, arg, err): read the configuration anew and replace
 * the roles.  done() is called once with the outcome.  False, and why: a
 * change is under way, or the configuration is malformed. */
bool rollout_reload(struct rollout *r,
    void (*done)(void *arg, bool good, const char *text), void *arg,
    struct err *err);

/* rollout_stop(r): end the roles; the loop stops with the last of them. */
void rollout_stop(struct rollout *r);

/* rollout_end(r): free what it has, when all processes have ended. */
void rollout_end(struct rollout *r);

#endif
