/* gate.c - see gate.h. */
#include "rules/gate.h"

#include <time.h>

#include "base/clock.h"

/* How often to look at a clock that may jump, and at any. */
enum { SHARED_MS = 10, LONGEST_MS = 60 * 1000 };

void
gate_init(struct gate *gate)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&gate->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&gate->freed, &attr);
	(void)pthread_condattr_destroy(&attr);
}

void
gate_destroy(struct gate *gate)
{
	(void)pthread_cond_destroy(&gate->freed);
	(void)pthread_mutex_destroy(&gate->lock);
}

void
gate_lock(struct gate *gate)
{
	(void)pthread_mutex_lock(&gate->lock);
}

void
gate_unlock(struct gate *gate)
{
	(void)pthread_mutex_unlock(&gate->lock);
}

bool
gate_wait(struct gate *gate, int64_t deadline)
{
	int64_t most = (clock_shared() ? SHARED_MS : LONGEST_MS) * CLOCK_MS;
	int64_t left = deadline - clock_mono();
	struct timespec until;

	if (left <= 0)
		return false;
	/* The system's clock, which jumps with nobody. */
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	left = (left < most ? left : most) + until.tv_nsec;
	until.tv_sec += left / CLOCK_SECOND;
	until.tv_nsec = left % CLOCK_SECOND;
	(void)pthread_cond_timedwait(&gate->freed, &gate->lock, &until);
	return true;
}

void
gate_free(struct gate *gate)
{
	(void)pthread_cond_signal(&gate->freed);
}
