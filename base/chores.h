/* chores.h - what one thread of a process does in the background, a little now
 * and a little later: what nobody waits for. */
#ifndef BASE_CHORES_H
#define BASE_CHORES_H

#include <stdbool.h>
#include <stdint.h>

/* Lives in its owner; zero-initialised but for run(). */
struct chore {
	/* Do some of it; nanoseconds until the next time, -1: it is done.  May
	 * take a while. */
	int64_t (*run)(struct chore *chore);
	/* Of this module. */
	struct chore *next;
	int64_t due;
	bool listed;
};

/* chores_start(): start the thread, after the jail was entered; signals stay
 * with the other threads.  chores_stop(): end it; nothing is run any more. */
void chores_start(void);
void chores_stop(void);

/* chores_add(chore): have it run soon, once the thread is there; one that is
 * on the list is run sooner.  Any thread. */
void chores_add(struct chore *chore);

/* chores_remove(chore): off the list; if it is being run, wait for that.  Any
 * other thread. */
void chores_remove(struct chore *chore);

#endif
