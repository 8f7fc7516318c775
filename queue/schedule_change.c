/* schedule_change.c - see schedule.h: what administrators do to messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "queue/group.h"
#include "queue/mark.h"
#include "queue/queue_events.h"
#include "queue/requeue.h"
#include "queue/schedule_inner.h"
#include "queue/store_reader.h"

struct change {
	struct store_op op;
	LIST_ENTRY(change) entry; /* while it is on its way to the disk */
	struct schedule *s;
	enum schedule_change kind;
	struct arena *arena; /* has ${e}, but for DELETE */
	struct envelope e;
	struct requeue requeue;
	void (*done)(void *arg, int outcome);
	void *arg;
};

static struct change *
new_change(struct schedule *s, enum schedule_change kind, uint64_t key,
    void (*done)(void *arg, int outcome), void *arg)
{
	struct change *change = calloc(1, sizeof *change);

	if (change == NULL)
		fatal("out of memory");
	change->s = s;
	change->kind = kind;
	change->op.key = key;
	change->done = done;
	change->arg = arg;
	change->arena = arena_new();
	return change;
}

static void
finish(struct change *change, int outcome)
{
	void (*done)(void *, int) = change->done;
	void *arg = change->arg;

	buf_free(&change->op.data);
	arena_free(change->arena);
	free(change);
	done(arg, outcome);
}

static void
say(const struct change *change, const char *what)
{
	struct event_by by = { .program = "postsuper",
		.qid = change->kind == SCHEDULE_REQUEUE ? change->op.old_qid
							: change->op.qid };

	event(&queue_events_admin, &by, "what", what, NULL);
}

/* Under which name a requeued message goes on. */
static void
say_renamed(const struct change *change)
{
	struct event_by by = { .program = "pickup", .qid = change->e.qid };
	char uid[16];

	(void)snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
	event(&queue_events_renamed, &by, "uid", uid, "from", change->e.sender,
	    "orig_id", change->op.old_qid, NULL);
}

/* A deleted message that is being delivered: no more of it. */
static void
forget(struct schedule *s, uint64_t key)
{
	struct active *a = active_find(&s->active, key);

	if (a == NULL)
		return;
	a->gone = true;
	schedule_active_withdraw(s, a);
}

static void
made(struct change *change)
{
	struct schedule *s = change->s;

	switch (change->kind) {
	case SCHEDULE_DELETE:
		say(change, "removed");
		forget(s, change->op.key);
		return;
	case SCHEDULE_HOLD:
		say(change, "placed on hold");
		return;
	case SCHEDULE_RELEASE:
		say(change, "released from hold");
		if (change->e.rescan)
			destination_revive(&s->destinations);
		schedule_scan_load(s, change->op.key, false);
		return;
	case SCHEDULE_REQUEUE:
		say(change, "requeued");
		say_renamed(change);
		schedule_active_add(
		    s, change->op.key, change->arena, &change->e);
		change->arena = NULL;
		return;
	case SCHEDULE_FLUSH:
		return;
	}
}

static void
committed(struct store_op *op)
{
	struct change *change =
	    (struct change *)((char *)op - offsetof(struct change, op));

	if (op->result == STORE_TAKEN) {
		requeue_name(&change->requeue, &change->e, clock_now(), op->key,
		    change->s->long_qids, op);
		group_add(change->s->group, op);
		return;
	}
	LIST_REMOVE(change, entry);
	if (op->result == STORE_OK)
		made(change);
	else
		schedule_scan_incoming(change->s);
	finish(change,
	    op->result == STORE_OK           ? 1
		: op->result == STORE_ABSENT ? 0
					     : -1);
}

static void
commit(struct change *change)
{
	change->op.done = committed;
	LIST_INSERT_HEAD(&change->s->changes, change, entry);
	group_add(change->s->group, &change->op);
}

bool
schedule_change_under_way(const struct schedule *s, uint64_t key)
{
	const struct change *change;

	LIST_FOREACH (change, &s->changes, entry)
		if (change->op.key == key)
			return true;
	return false;
}

/* Does ${change} apply to what is at ${place}? */
static bool
applies(const struct change *change, const struct store_place *place)
{
	if (place->class == STORE_CORRUPT)
		return false;
	if (change->kind == SCHEDULE_HOLD)
		return place->class != STORE_HOLD || place->when != 0;
	return place->class == STORE_HOLD ||
	    envelope_has(&change->e, ENVELOPE_HELD);
}

/* HOLD or RELEASE: move a message that is not active to another place. */
static void
move(struct change *change, enum store_class to)
{
	struct schedule *s = change->s;
	struct store_op *op = &change->op;
	struct store_place place;
	struct err err;
	int there = store_reader_where(s->reader, op->key, &place, &err);

	if (there > 0 && place.class != STORE_CORRUPT)
		there = store_reader_peek(
		    s->reader, op->key, change->arena, &change->e, &err);
	if (there > 0 && !applies(change, &place))
		there = 0;
	if (there <= 0) {
		finish(change, there);
		return;
	}
	memcpy(op->qid, change->e.qid, sizeof op->qid);
	change->e.hold = to == STORE_HOLD;
	if (!change->e.hold)
		envelope_release(&change->e);
	op->kind = STORE_MARK;
	op->place = (struct store_place){ to, 0, op->key };
	mark_print(&change->e, &op->place, &op->data);
	commit(change);
}

/* Something is being delivered: the wish waits until that has ended. */
static bool
wish(struct schedule *s, uint64_t key, enum active_wish wish)
{
	struct active *a = active_find(&s->active, key);

	/* What is over answers for itself: it is not there any more. */
	if (a == NULL || (a->ending && a->over))
		return false;
	a->wish = wish;
	if (a->ending)
		return true;
	if (wish == ACTIVE_HOLD)
		event(&queue_events_admin,
		    &(struct event_by){
			.program = "postsuper", .qid = a->e.qid },
		    "what", "placed on hold", NULL);
	schedule_active_withdraw(s, a);
	return true;
}

void
schedule_change_requeue(struct schedule *s, uint64_t key,
    void (*done)(void *arg, int outcome), void *arg)
{
	struct change *change = new_change(s, SCHEDULE_REQUEUE, key, done, arg);
	struct err err;
	int there = store_reader_envelope(
	    s->reader, key, change->arena, &change->e, &err);

	if (there > 0) {
		change->requeue = (struct requeue){ .myhostname = s->myhostname,
			.mail_name = s->mail_name,
			.arena = change->arena };
		requeue_prepare(&change->requeue, &change->e);
		memcpy(change->op.old_qid, change->e.qid,
		    sizeof change->op.old_qid);
		requeue_name(&change->requeue, &change->e, clock_now(), key,
		    s->long_qids, &change->op);
		commit(change);
	} else {
		finish(change, there);
	}
}

void
schedule_change_release(struct schedule *s, uint64_t key,
    void (*done)(void *arg, int outcome), void *arg)
{
	struct change *change = new_change(s, SCHEDULE_RELEASE, key, done, arg);

	move(change, STORE_INCOMING);
}

void
schedule_change_hold(struct schedule *s, uint64_t key,
    void (*done)(void *arg, int outcome), void *arg)
{
	move(new_change(s, SCHEDULE_HOLD, key, done, arg), STORE_HOLD);
}

/* Some recipients wait on hold while others are being delivered: now they are
 * delivered, too. */
static int
release_active(struct schedule *s, struct active *a)
{
	uint32_t *held;
	size_t n = 0;

	if (!envelope_has(&a->e, ENVELOPE_HELD) || a->gone ||
	    a->wish != ACTIVE_NO_WISH)
		return 0;
	if (a->ending) {
		a->wish = ACTIVE_RELEASE;
		return 1;
	}
	event(&queue_events_admin,
	    &(struct event_by){ .program = "postsuper", .qid = a->e.qid },
	    "what", "released from hold", NULL);
	held = calloc(a->e.nrcpts, sizeof *held);
	if (held == NULL)
		fatal("out of memory");
	for (uint32_t i = 0; i < a->e.nrcpts; i++) {
		if (a->e.rcpts[i].state != ENVELOPE_HELD)
			continue;
		held[n++] = i;
		if (a->e.attempts > 0 && a->e.filter[0] == '\0')
			a->e.rcpts[i].transport = "";
	}
	envelope_release(&a->e);
	schedule_store_mark(s, a);
	schedule_route_some(s, a, held, n, false);
	schedule_active_kick(s);
	free(held);
	return 1;
}

static int
flush_one(struct schedule *s, uint64_t key)
{
	struct store_place place;
	struct err err;
	int there = store_reader_where(s->reader, key, &place, &err);

	if (there <= 0 || active_find(&s->active, key) != NULL)
		return there;
	if (place.class != STORE_INCOMING && place.when == 0)
		return 0;
	destination_revive(&s->destinations);
	schedule_scan_load(s, key, true);
	return 1;
}

void
schedule_change(struct schedule *s, enum schedule_change change, uint64_t key,
    const char *qid, void (*done)(void *arg, int outcome), void *arg)
{
	struct active *a = active_find(&s->active, key);
	struct change *c;

	if (change == SCHEDULE_FLUSH) {
		done(arg, flush_one(s, key));
		return;
	}
	if ((change == SCHEDULE_HOLD && wish(s, key, ACTIVE_HOLD)) ||
	    (change == SCHEDULE_REQUEUE && wish(s, key, ACTIVE_REQUEUE))) {
		done(arg, 1);
		return;
	}
	if (change == SCHEDULE_REQUEUE) {
		schedule_change_requeue(s, key, done, arg);
		return;
	}
	if (change == SCHEDULE_RELEASE && a != NULL) {
		done(arg, release_active(s, a));
		return;
	}
	c = new_change(s, change, key, done, arg);
	memcpy(c->op.qid, qid, strnlen(qid, ENVELOPE_QID - 1));
	if (change == SCHEDULE_HOLD) {
		move(c, STORE_HOLD);
	} else if (change == SCHEDULE_RELEASE) {
		move(c, STORE_INCOMING);
	} else {
		c->op.kind = STORE_RETIRE;
		commit(c);
	}
}
