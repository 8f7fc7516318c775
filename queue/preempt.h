/* preempt.h - which message goes before which: Postfix's preemptive scheduling
 * of a transport.
 *
 * A turn is what a transport has to deliver of one message.  Turns go in the
 * order of arrival, but a long one saves up slots, one for each "cost" of its
 * deliveries; for slots, a shorter turn may go before it.  So a list of 100,000
 * recipients delays nobody, and still gets on.  No clock, no I/O, no
 * allocation. */
#ifndef QUEUE_PREEMPT_H
#define QUEUE_PREEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* What main.cf says about a transport: transport_delivery_slot_cost (below 2:
 * nobody is preempted), _discount (percent), _loan, minimum_delivery_slots. */
struct preempt_limits {
	unsigned cost, discount, loan, minimum;
};

struct preempt_turn {
	TAILQ_ENTRY(preempt_turn) entry;
	int64_t since;        /* when its message was taken up */
	size_t waiting, done; /* deliveries; ${done}: handed out */
	/* Deliveries that were not used for preemption yet: ${cost} of them are
	 * a slot.  Below zero while a loan is paid back. */
	int64_t available;
	/* Against the slots it was expected to use. */
	int64_t used;
	struct preempt_turn *before; /* the one that it preempted, or NULL */
	size_t ahead;                /* turns whose ${before} this one is */
	/* Its place: that of the first turn it goes before, the deepest first.
	 */
	int64_t place;
	unsigned level;
};

/* The turns of a transport; begins with preempt_init(). */
struct preempt {
	TAILQ_HEAD(preempt_turns, preempt_turn) turns; /* in no order */
	/* What the last look for a candidate found nothing for, and when; NULL:
	 * look again. */
	struct preempt_turn *hopeless;
	int64_t looked;
};

void preempt_init(struct preempt *p);

/* preempt_join(p, turn, since): it has one delivery (more) that waits.  A turn
 * begins all zero, and must stay until nothing of it waits. */
void preempt_join(struct preempt *p, struct preempt_turn *turn, int64_t since);

/* preempt_leave(p, turn, limits, taken): one less; ${taken}: it is delivered
 * now.  With the last one the turn ends. */
void preempt_leave(struct preempt *p, struct preempt_turn *turn,
    const struct preempt_limits *limits, bool taken);

/* preempt_is_before(a, b): does ${a} go first? */
bool
preempt_is_before(const struct preempt_turn *a, const struct preempt_turn *b);

/*
 * preempt_find(p, current, limits, now, may):
 * The turn that is to go before ${current}, which would be next: it is before it
 * from now on.  NULL: none.  ${may} tells whether something of a turn could be
 * delivered now.
 */
struct preempt_turn *preempt_find(struct preempt *p,
    struct preempt_turn *current, const struct preempt_limits *limits,
    int64_t now, bool (*may)(const struct preempt_turn *turn));

#endif
