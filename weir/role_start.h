/* role_start.h - what role processes have in common: the configuration that the
 * supervisor gives them, their jail, a world to ask. */
#ifndef WEIR_ROLE_START_H
#define WEIR_ROLE_START_H

#include <stdbool.h>

#include "base/floors.h"
#include "base/jail.h"
#include "weir/handover.h"

struct generation;
struct master_service;
struct state;
struct verify;
struct world;

struct role_start {
	struct handover handover;
	struct generation *g;
	struct jail jail; /* set before role_start_enter() */
	struct world *world;
	struct verify *verify; /* what the world is asked of addresses */
	struct state *state;   /* role_start_keep()'s; NULL: nothing is kept */
	bool ready;
	bool single; /* no threads: it looks itself whether the supervisor
		      * lives (lifeline.h) */
};

/* role_start_begin(p, argc, argv): what every role does first.  0, or the exit
 * status. */
int role_start_begin(struct role_start *p, int argc, char **argv);

/* role_start_world(p): open what checks ask; it lasts as long as the process.
 * A trouble with the resolver shows at the first question.  0, or -1 after a
 * message. */
int role_start_world(struct role_start *p);

/* role_start_enter(p, user, warnings): into the jail as ${user} (NULL: it is in
 * one, or needs none), then wait for the word to serve; from then on it drains when the
 * supervisor dies (lifeline.h).  0, or an exit status. */
int
role_start_enter(struct role_start *p, const char *user, const char *warnings);

/* role_start_chores(p): what may be left to the background, once it is in its
 * jail: as root it would read no file of the cache. */
void role_start_chores(struct role_start *p);

/* role_start_keep(p, user, warnings): role_start_enter(), and then, as the user
 * that writes it from now on, open where decision traces go, and what its world
 * remembers; and role_start_chores().  0, or an exit status. */
int
role_start_keep(struct role_start *p, const char *user, const char *warnings);

/* role_start_plan(p, is, ready, arg): what floors.h wants to know to serve those
 * services that is() takes; ready() is called with ${arg}. */
struct floors_plan role_start_plan(struct role_start *p,
    bool (*is)(const struct master_service *master),
    int (*ready)(void *arg, const char *warnings), void *arg);

/* role_start_retired(arg): others serve in the place of this process.  ${arg}
 * does not matter. */
void role_start_retired(void *arg);

/* role_start_finish(p, status): report why the role ended, if it never was
 * ready, and release everything.  Returns ${status}. */
int role_start_finish(struct role_start *p, int status);

#endif
