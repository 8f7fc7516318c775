/* workers.h - threads that may block, always with a deadline. */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stddef.h>

struct workers;

/* A piece of work; lives in its owner.  run() is the last that touches it. */
struct work {
	struct work *next;
	void (*run)(struct work *work);
};

/* workers_new(most, stack): a pool that starts threads as they are needed, at
 * most ${most}, with ${stack} octets of stack (0: 256 KiB).  Signals stay with
 * the other threads; one that has been idle for long ends. */
struct workers *workers_new(size_t most, size_t stack);

/* workers_give(pool, work): have a worker run ${work}; never blocks; work
 * waits in order while all are busy.  Any thread. */
void workers_give(struct workers *pool, struct work *work);

/* workers_free(pool): wait for the work that was given, and for what it gives
 * in turn, and end the threads.  Nobody else may give any more. */
void workers_free(struct workers *pool);

/* workers_busy(pool): work running or waiting. */
size_t workers_busy(const struct workers *pool);

#endif
