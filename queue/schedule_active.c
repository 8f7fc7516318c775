/* schedule_active.c - see schedule_inner.h: stored messages become active, and
 * stay so while anything of them waits or is under way. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "queue/schedule_inner.h"

/* How many messages of any length may be active at a time. */
enum { LISTS = 4 };

void
schedule_active_kick(struct schedule *s)
{
	loop_defer(s->loop, &s->dispatch);
}

bool
schedule_active_has_room(const struct schedule *s)
{
	return s->active.count < (size_t)s->params.qmgr_message_active_limit &&
	    s->active.recipients <
	    (size_t)s->params.qmgr_message_recipient_limit;
}

void
schedule_active_release(struct schedule *s, struct active *a)
{
	must(a->pending > 0);
	if (--a->pending == 0)
		s->end(s, a);
	schedule_active_kick(s);
}

void
schedule_active_begin(struct schedule *s, uint64_t key, struct arena *arena,
    const struct envelope *e, bool flush)
{
	struct active *a;

	s->active.most =
	    (size_t)s->params.qmgr_message_recipient_limit / LISTS + 1;
	a = active_add(&s->active, key, arena, e);
	a->since = clock_now();
	a->jobs.since = clock_mono();
	a->flush = flush;
	if (!e->unseen)
		schedule_log_active(a);
	/* Held until all recipients have found their places. */
	a->pending++;
	if (e->unseen)
		s->look(s, a);
	else
		schedule_route_all(s, a);
	schedule_active_release(s, a);
}

void
schedule_active_add(struct schedule *s, uint64_t key, struct arena *arena,
    const struct envelope *e)
{
	struct schedule_scan *scan = &s->incoming;

	if (e->hold || s->stopped) {
		arena_free(arena);
		return;
	}
	if (!scan->running && schedule_active_has_room(s)) {
		schedule_active_begin(s, key, arena, e, false);
		return;
	}
	/* It waits its turn in the store. */
	if (!scan->running || key < scan->at.key)
		scan->at = (struct store_place){ STORE_INCOMING, 0, key };
	scan->running = true;
	arena_free(arena);
}

/* Forget ${delivery}, which neither waits nor is under way. */
static struct active *
forget(struct delivery *delivery)
{
	struct active *a = delivery->active;

	TAILQ_REMOVE(&a->deliveries, delivery, mine);
	free(delivery->recipients);
	free(delivery);
	return a;
}

void
schedule_active_over(struct schedule *s, struct delivery *delivery)
{
	schedule_active_release(s, forget(delivery));
}

void
schedule_active_withdraw(struct schedule *s, struct active *a)
{
	struct delivery *delivery, *next;

	for (delivery = TAILQ_FIRST(&a->deliveries); delivery != NULL;
	     delivery = next) {
		next = TAILQ_NEXT(delivery, mine);
		if (delivery->id != 0)
			continue;
		destination_remove(&s->destinations, delivery);
		(void)forget(delivery);
		a->pending--;
	}
	if (a->pending == 0)
		s->end(s, a);
}
