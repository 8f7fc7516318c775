/* schedule_end.c - see schedule_inner.h: every recipient of a message has had
 * its turn.  One change, made durable as a whole, says what follows: it is
 * gone, or it waits for another attempt, or for an administrator; and the
 * notices about what failed are stored with it. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "queue/group.h"
#include "queue/mark.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"
#include "queue/schedule_notice.h"

struct ending {
	TAILQ_ENTRY(ending) entry;
	struct schedule *s;
	struct active *a;
	struct store_op change;
	struct schedule_notice *notices;
	size_t nnotices;
	bool late;   /* one of them is a warning */
	bool traced; /* ... the report of the first attempt */
	struct loop_timer retry;
};

static size_t
count(const struct active *a, enum active_outcome outcome)
{
	size_t n = 0;

	for (size_t i = 0; i < a->e.nrcpts; i++)
		n += a->outcomes[i] == outcome;
	return n;
}

static void
turn(struct active *a, enum active_outcome from, enum active_outcome to)
{
	for (size_t i = 0; i < a->e.nrcpts; i++)
		if (a->outcomes[i] == from)
			a->outcomes[i] = (unsigned char)to;
}

/* Recipients that are to be reported stand with those that failed: all are
 * told of at the end. */
static void
collect_reports(struct active *a)
{
	for (size_t i = 0; i < a->e.nrcpts; i++) {
		if (a->e.rcpts[i].state == ENVELOPE_DELIVERED)
			a->outcomes[i] = ACTIVE_DELIVERED;
		else if (a->e.rcpts[i].state == ENVELOPE_RELAYED)
			a->outcomes[i] = ACTIVE_RELAYED;
		else if (a->e.rcpts[i].state == ENVELOPE_EXPANDED)
			a->outcomes[i] = ACTIVE_EXPANDED;
	}
}

/* The sender is going to be told; of bounces, another time of those that are
 * told of apart and have not been. */
static void
set_told(const struct schedule *s, struct active *a)
{
	bool apart = schedule_notice_apart(s, a);

	for (size_t i = 0; i < a->e.nrcpts; i++)
		if (a->outcomes[i] > ACTIVE_BOUNCED ||
		    (a->outcomes[i] == ACTIVE_BOUNCED && !apart))
			a->e.rcpts[i].state = ENVELOPE_DONE;
}

/* The sender could not be told. */
static void
set_untold(struct active *a)
{
	static const enum envelope_state states[] = {
		[ACTIVE_BOUNCED] = ENVELOPE_TODO,
		[ACTIVE_DELIVERED] = ENVELOPE_DELIVERED,
		[ACTIVE_RELAYED] = ENVELOPE_RELAYED,
		[ACTIVE_EXPANDED] = ENVELOPE_EXPANDED,
		[ACTIVE_TOLD] = ENVELOPE_TODO,
	};

	for (size_t i = 0; i < a->e.nrcpts; i++)
		if (a->outcomes[i] >= ACTIVE_BOUNCED)
			a->e.rcpts[i].state = states[a->outcomes[i]];
}

/* Where the message goes from here. */
static struct store_place
next_place(struct schedule *s, struct active *a)
{
	struct store_place place = { .class = STORE_HOLD, .key = a->key };
	bool waits = a->wish == ACTIVE_HOLD || envelope_waits(&a->e);

	a->e.last_attempt = schedule_clock_now(s);
	a->e.hold = waits || a->e.rescan;
	a->e.not_before = 0;
	if (waits)
		return place;
	a->e.not_before = a->e.last_attempt +
	    schedule_clock_backoff(schedule_clock_age(s, a->key, a->e.arrival),
		s->params.minimal_backoff_time, s->params.maximal_backoff_time);
	if (!a->e.rescan)
		place.class = STORE_DEFERRED;
	place.when = a->e.not_before;
	return place;
}

static void
set_change(struct ending *ending)
{
	struct store_op *op = &ending->change, **last = &op->with;
	struct active *a = ending->a;

	buf_reset(&op->data);
	op->key = a->key;
	memcpy(op->qid, a->e.qid, sizeof op->qid);
	a->over = active_todo(a) == 0;
	if (a->over) {
		op->kind = STORE_RETIRE;
	} else {
		op->kind = STORE_MARK;
		op->place = next_place(ending->s, a);
		mark_print(&a->e, &op->place, &op->data);
	}
	op->needs_room = ending->nnotices > 0;
	for (size_t i = 0; i < ending->nnotices; i++) {
		*last = &ending->notices[i].op;
		last = &ending->notices[i].op.with;
	}
	*last = NULL;
}

static void
free_notices(struct ending *ending)
{
	for (size_t i = 0; i < ending->nnotices; i++)
		schedule_notice_free(&ending->notices[i]);
	free(ending->notices);
	ending->notices = NULL;
	ending->nnotices = 0;
}

/* There is no room for notices: what bounced is tried again later, and what
 * was sent is reported later. */
static void
do_without(struct ending *ending)
{
	struct active *a = ending->a;

	free_notices(ending);
	set_untold(a);
	turn(a, ACTIVE_TOLD, ACTIVE_DEFERRED);
	turn(a, ACTIVE_BOUNCED, ACTIVE_DEFERRED);
	if (ending->late)
		a->e.bounced_delay_warning = false;
	if (ending->traced)
		a->e.trace = ENVELOPE_TRACE_ATTEMPT;
	set_change(ending);
	group_add(ending->s->group, &ending->change);
}

static void
retry(struct loop_timer *timer)
{
	struct ending *ending =
	    (struct ending *)((char *)timer - offsetof(struct ending, retry));

	group_add(ending->s->group, &ending->change);
}

static void
log_end(const struct ending *ending)
{
	struct event_by by = { .program = "qmgr", .qid = ending->a->e.qid };

	for (size_t i = 0; i < ending->nnotices; i++)
		schedule_notice_log(ending->a, &ending->notices[i]);
	if (ending->change.kind == STORE_RETIRE)
		event(&queue_events_removed, &by, NULL);
}

/* It is durable. */
static void
ended(struct ending *ending)
{
	struct schedule *s = ending->s;

	log_end(ending);
	for (size_t i = 0; i < ending->nnotices; i++) {
		struct schedule_notice *notice = &ending->notices[i];

		buf_free(&notice->op.data);
		schedule_active_add(
		    s, notice->op.key, notice->arena, &notice->e);
	}
	ending->nnotices = 0;
	free_notices(ending);
}

/* The notices that are to be said now, and the change with them. */
static void
begin_change(struct ending *ending)
{
	struct schedule *s = ending->s;
	struct active *a = ending->a;

	ending->nnotices =
	    schedule_notice_make(s, a, ending->late, &ending->notices);
	a->e.bounced_delay_warning |= ending->late;
	ending->traced = a->e.trace == ENVELOPE_TRACE_ATTEMPT;
	if (ending->traced)
		a->e.trace = ENVELOPE_TRACE_NONE;
	set_told(s, a);
	set_change(ending);
	group_add(s->group, &ending->change);
}

/* Was that not all?  Then the next change is under way.  Should it never be
 * made, what is left of the message is tried once more. */
static bool
goes_on(struct ending *ending)
{
	struct active *a = ending->a;

	if (count(a, ACTIVE_BOUNCED) == 0 ||
	    !schedule_notice_apart(ending->s, a))
		return false;
	for (size_t i = 0; i < a->e.nrcpts; i++)
		if (a->outcomes[i] > ACTIVE_BOUNCED)
			a->outcomes[i] = ACTIVE_NOTHING;
	ending->late = false;
	begin_change(ending);
	return true;
}

/* Who wished it has got the answer. */
static void
nobody_waits(void *arg, int outcome)
{
	(void)arg;
	(void)outcome;
}

/* What an administrator wished while the message was on its way to the disk, or
 * could only be done once it was there. */
void
schedule_end_fulfil(struct schedule *s, uint64_t key,
    const struct store_place *place, enum active_wish wish)
{
	if (wish == ACTIVE_RELEASE)
		schedule_change_release(s, key, nobody_waits, NULL);
	else if (wish == ACTIVE_REQUEUE)
		schedule_change_requeue(s, key, nobody_waits, NULL);
	else if (wish == ACTIVE_HOLD && place->class != STORE_HOLD)
		schedule_change_hold(s, key, nobody_waits, NULL);
}

static void
done(struct store_op *op)
{
	struct ending *ending =
	    (struct ending *)((char *)op - offsetof(struct ending, change));
	struct schedule *s = ending->s;
	enum active_wish wish;

	if (op->result == STORE_FULL && ending->nnotices > 0) {
		do_without(ending);
		return;
	}
	if (op->result == STORE_FULL) {
		loop_timer_set(
		    s->loop, &ending->retry, clock_mono() + SCHEDULE_PATIENCE);
		return;
	}
	if (op->result == STORE_TAKEN) {
		for (size_t i = 0; i < ending->nnotices; i++)
			schedule_notice_rename(s, &ending->notices[i]);
		group_add(s->group, op);
		return;
	}
	/* Absent: an administrator has deleted it. */
	if (op->result == STORE_OK) {
		ended(ending);
		if (goes_on(ending))
			return;
	}
	free_notices(ending);
	wish = op->result == STORE_OK && op->kind == STORE_MARK
	    ? ending->a->wish
	    : ACTIVE_NO_WISH;
	active_remove(&s->active, ending->a);
	schedule_end_fulfil(s, op->key, &op->place, wish);
	TAILQ_REMOVE(&s->endings, ending, entry);
	buf_free(&op->data);
	free(ending);
	schedule_active_kick(s);
}

/* Too old to be tried again? */
static bool
is_expired(struct schedule *s, const struct active *a)
{
	int64_t most = a->e.sender[0] != '\0' ? s->params.maximal_queue_lifetime
					      : s->params.bounce_queue_lifetime;

	return schedule_clock_age(s, a->key, a->e.arrival) >= most;
}

static bool
is_late(struct schedule *s, const struct active *a)
{
	int64_t age = schedule_clock_age(s, a->key, a->e.arrival);

	return s->params.delay_warning_time > 0 &&
	    !a->e.bounced_delay_warning && age >= s->params.delay_warning_time;
}

void
schedule_end(struct schedule *s, struct active *a)
{
	struct ending *ending;

	if (a->ending || s->freed)
		return;
	if (a->gone) {
		active_remove(&s->active, a);
		return;
	}
	ending = calloc(1, sizeof *ending);
	if (ending == NULL)
		fatal("out of memory");
	a->ending = true;
	ending->s = s;
	ending->a = a;
	ending->retry.fire = retry;
	ending->change.done = done;
	TAILQ_INSERT_TAIL(&s->endings, ending, entry);
	if (a->wish != ACTIVE_HOLD && a->wish != ACTIVE_REQUEUE &&
	    !a->e.rescan && count(a, ACTIVE_DEFERRED) > 0) {
		if (a->e.trace == ENVELOPE_TRACE_VERIFY) {
			/* It is not asked twice. */
			turn(a, ACTIVE_DEFERRED, ACTIVE_BOUNCED);
		} else if (is_expired(s, a)) {
			schedule_log_expired(a);
			turn(a, ACTIVE_DEFERRED, ACTIVE_BOUNCED);
		} else {
			ending->late = is_late(s, a);
		}
	}
	collect_reports(a);
	a->e.attempts++;
	begin_change(ending);
}

void
schedule_end_free(struct schedule *s)
{
	struct ending *ending;

	while ((ending = TAILQ_FIRST(&s->endings)) != NULL) {
		TAILQ_REMOVE(&s->endings, ending, entry);
		loop_timer_cancel(s->loop, &ending->retry);
		free_notices(ending);
		buf_free(&ending->change.data);
		free(ending);
	}
}
