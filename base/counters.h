/* counters.h - how often what happens happens, by all processes together: kept
 * in the memory of the program (base/state.h), where counts outlive reloads and
 * restarts. */
#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

struct state;

/* One per name, static; zero-initialised but for it. */
struct counter {
	const char *name;
	/* Of this module. */
	_Atomic uint64_t news; /* not written yet */
	_Atomic bool known;
	struct counter *next;
};

/* counters_add(counter): once more.  Any thread; waits for nobody. */
void counters_add(struct counter *counter);
void counters_add_many(struct counter *counter, uint64_t times);

/* counters_start(state): counts go there, in the background (base/chores.h),
 * within some seconds; before it, and without it, they stay in this process.
 * counters_stop(): what is left goes there now; no thread counts any more. */
void counters_start(struct state *state);
void counters_stop(void);

/* counters_each(state, fn, arg): call ${fn} for each counter, by name, with its
 * count and since when, nanoseconds since 1970.  0, or -1: could not be read. */
int counters_each(struct state *state,
    void (*fn)(void *arg, const char *name, uint64_t count, int64_t since),
    void *arg);

#endif
