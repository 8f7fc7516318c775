/* gate.h - where threads wait for one of a limited number of things, such as
 * connections. */
#ifndef RULES_GATE_H
#define RULES_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct gate {
	pthread_mutex_t lock; /* of what is waited for; the owner's to take */
	pthread_cond_t freed;
};

void gate_init(struct gate *gate);
void gate_destroy(struct gate *gate);

void gate_lock(struct gate *gate);
void gate_unlock(struct gate *gate);

/*
 * gate_wait(gate, deadline):
 * Wait, with the lock held on both sides, for gate_free(), or for less: the
 * caller looks again, whatever happened.  False: ${deadline} (clock_mono()) has
 * passed, and there was no wait.
 */
bool gate_wait(struct gate *gate, int64_t deadline);

/* gate_free(gate): one that waits may look again.  With the lock held. */
void gate_free(struct gate *gate);

#endif
