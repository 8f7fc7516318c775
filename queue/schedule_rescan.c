/* schedule_rescan.c - see schedule_inner.h: messages that were taken although a
 * filter before the queue was down, and are on hold until that has taken them.
 *
 * The client was told that all is well, and need not be who it says: nothing
 * of such a message is ever returned.  What the filter refuses stays on hold,
 * without a time, for an administrator; everything else is tried again, however
 * old it is. */
#include "base/arena.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"
#include "rules/address.h"

bool
schedule_rescan_outcome(
    struct schedule *s, struct active *a, size_t recipient, bool reached)
{
	struct envelope_rcpt *r = &a->e.rcpts[recipient];
	struct event_by qmgr = { .program = "qmgr", .qid = a->e.qid };
	bool discard = s->params.weir_rescan_discard;

	if (r->state != ENVELOPE_TODO || r->dsn[0] != '5')
		return false;
	if (!reached) {
		/* Whoever answered there is no filter. */
		r->dsn = arena_printf(a->arena, "4%s", r->dsn + 1);
		return false;
	}
	r->state = discard ? ENVELOPE_DONE : ENVELOPE_HELD;
	a->outcomes[recipient] = ACTIVE_NOTHING;
	event(&queue_events_refused, &qmgr, "to",
	    address_external(a->arena, r->address), "status",
	    discard ? "discarded" : "held", NULL);
	return true;
}

void
schedule_rescan_seen(struct schedule *s, const struct active *a,
    enum destination_outcome outcome)
{
	const char *filter = a->e.filter;

	if (outcome == DESTINATION_FAILED) {
		(void)strmap_set(&s->passing, filter, NULL);
	} else if (outcome == DESTINATION_REACHED &&
	    strmap_find(&s->passing, filter) == NULL) {
		(void)strmap_set(&s->passing, filter, s);
		schedule_scan_held(s, filter);
	}
}
