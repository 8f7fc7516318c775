/* schedule_clock.c - see schedule_inner.h. */
#include <stdio.h>

#include "base/clock.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"

/* A step of the wall clock that is not the passing of time. */
#define JUMP (600 * CLOCK_SECOND)

int64_t
schedule_clock_now(struct schedule *s)
{
	int64_t wall = clock_now(), mono = clock_mono();
	int64_t step = (wall - s->clock_wall) - (mono - s->clock_mono);
	char seconds[24];

	if (s->clock_wall != 0 && (step > JUMP || step < -JUMP)) {
		s->clock_skew += step;
		(void)snprintf(seconds, sizeof seconds, "%lld",
		    (long long)(step / CLOCK_SECOND));
		event(&queue_events_clock,
		    &(struct event_by){ .program = "qmgr" }, "seconds", seconds,
		    NULL);
	}
	s->clock_wall = wall;
	s->clock_mono = mono;
	return wall - s->clock_skew;
}

int64_t
schedule_clock_backoff(
    int64_t now, int64_t arrival, int64_t least, int64_t most)
{
	int64_t age = now - arrival;

	if (age > most)
		age = most;
	return age < least ? least : age;
}
