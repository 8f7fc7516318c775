/* schedule_clock.c - see schedule_inner.h.
 *
 * The schedule's time is that of the wall clock when the role began, and goes
 * on with time itself.  A message tells when it came by the wall clock of that
 * moment; where that clock was set since, its age is corrected.  Keys rise, so a
 * key tells whether a message is older than a step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"
#include "queue/store.h"

/* Less is not worth a word. */
#define STEP (600 * CLOCK_SECOND)

/* Remember a step; the two oldest become one when there are too many. */
static void
note_step(struct schedule_clock *c, int64_t step, uint64_t next)
{
	char seconds[24];

	if (c->nsteps == SCHEDULE_STEPS) {
		c->steps[1].by += c->steps[0].by;
		c->nsteps--;
		memmove(c->steps, c->steps + 1, c->nsteps * sizeof *c->steps);
	}
	c->steps[c->nsteps++] =
	    (struct schedule_step){ .by = step, .first = c->next, .end = next };
	c->skew += step;
	(void)snprintf(
	    seconds, sizeof seconds, "%lld", (long long)(step / CLOCK_SECOND));
	event(&queue_events_clock, &(struct event_by){ .program = "qmgr" },
	    "seconds", seconds, NULL);
}

/* By how much the wall clock is wrong. */
static int64_t
look(const struct schedule_clock *c)
{
	return clock_now() - (clock_mono() + c->base + c->skew);
}

int64_t
schedule_clock_now(struct schedule *s)
{
	struct schedule_clock *c = &s->clock;
	uint64_t next = store_next_key(s->store);
	int64_t step;

	if (!c->running) {
		c->running = true;
		c->base = look(c);
	}
	step = look(c);
	/* Between the two clocks this thread may have stood still. */
	if (llabs(step) > STEP && llabs(step = look(c)) > STEP)
		note_step(c, step, next);
	c->next = next;
	return clock_mono() + c->base;
}

int64_t
schedule_clock_age(struct schedule *s, uint64_t key, int64_t arrival)
{
	int64_t now = schedule_clock_now(s);
	const struct schedule_clock *c = &s->clock;
	int64_t age = now + c->skew - arrival;

	for (size_t i = c->nsteps; i-- > 0;) {
		const struct schedule_step *step = &c->steps[i];
		int64_t corrected = age - step->by;

		if (key < step->first ||
		    (key < step->end && llabs(corrected) < llabs(age)))
			age = corrected;
	}
	return age;
}

int64_t
schedule_clock_backoff(int64_t age, int64_t least, int64_t most)
{
	if (age > most)
		age = most;
	return age < least ? least : age;
}
