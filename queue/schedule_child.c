/* schedule_child.c - see schedule_inner.h: a recipient is replaced by messages
 * of their own (a forward, the members of an alias).  Children and mark are one
 * change, so that each child is there once whatever happens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "queue/group.h"
#include "queue/mark.h"
#include "queue/schedule_inner.h"
#include "queue/store_reader.h"

struct child {
	struct store_op new, copy; /* in this order */
	struct arena *arena;
	struct envelope e;
};

/* All that replaces one recipient. */
struct schedule_child {
	struct schedule_child *next;
	struct schedule *s;
	struct active *a;
	size_t recipient;
	enum envelope_state state; /* of the recipient, when that is done */
	struct store_op mark;      /* the first of the change */
	struct child *list;
	size_t count;
	bool good; /* they could be made */
};

static void begin(struct schedule_child *all);

/* The next one, or none: ${all} is done with. */
static void
finish(struct schedule_child *all)
{
	struct schedule *s = all->s;
	struct active *a = all->a;

	for (size_t i = 0; i < all->count; i++) {
		buf_free(&all->list[i].new.data);
		arena_free(all->list[i].arena);
	}
	free(all->list);
	buf_free(&all->mark.data);
	a->children = all->next;
	free(all);
	if (a->children != NULL)
		begin(a->children);
	schedule_active_release(s, a);
}

static void
defer(struct schedule_child *all, const char *reason)
{
	struct active *a = all->a;
	struct envelope_rcpt *r = &a->e.rcpts[all->recipient];

	r->dsn = "4.3.0";
	r->reason = reason;
	r->remote = r->diagnostic = "";
	a->outcomes[all->recipient] = ACTIVE_DEFERRED;
	schedule_log_deferred(a, all->recipient, clock_now());
	finish(all);
}

static void
done(struct store_op *op)
{
	struct schedule_child *all = (struct schedule_child *)((char *)op -
	    offsetof(struct schedule_child, mark));

	switch (op->result) {
	case STORE_OK:
		all->a->e.rcpts[all->recipient].state = all->state;
		for (size_t i = 0; i < all->count; i++) {
			struct child *child = &all->list[i];

			schedule_active_add(
			    all->s, child->new.key, child->arena, &child->e);
			child->arena = NULL;
		}
		finish(all);
		return;
	case STORE_TAKEN:
		defer(all, "the queue id of a forwarded message is taken");
		return;
	case STORE_FULL:
		defer(all, "the queue has no room for a forwarded message");
		return;
	case STORE_ABSENT:
	case STORE_FAILED:
		finish(all);
	}
}

static void
set_child(struct schedule_child *all, struct child *child)
{
	child->new.kind = STORE_NEW;
	child->new.key = store_key(all->s->store);
	child->new.with = &child->copy;
	child->new.place =
	    (struct store_place){ STORE_INCOMING, 0, child->new.key };
	memcpy(child->new.qid, child->e.qid, sizeof child->new.qid);
	envelope_print(&child->e, &child->new.data);
	child->copy.kind = STORE_COPY;
	child->copy.key = child->new.key;
	child->copy.number = all->a->key;
	child->copy.count = child->e.nchunks;
}

/* The mark is made now: it has what became of the others until now. */
static void
start(struct schedule_child *all)
{
	struct active *a = all->a;
	struct envelope_rcpt *r = &a->e.rcpts[all->recipient];
	struct store_op **last = &all->mark.with;

	all->mark.kind = STORE_MARK;
	all->mark.key = a->key;
	all->mark.place = (struct store_place){ STORE_INCOMING, 0, a->key };
	all->mark.needs_room = true;
	all->mark.done = done;
	r->state = all->state;
	mark_print(&a->e, &all->mark.place, &all->mark.data);
	r->state = ENVELOPE_TODO;
	for (size_t i = 0; i < all->count; i++) {
		set_child(all, &all->list[i]);
		*last = &all->list[i].new;
		last = &all->list[i].copy.with;
	}
	group_add(all->s->group, &all->mark);
}

static void
begin(struct schedule_child *all)
{
	if (all->good)
		start(all);
	else
		defer(all, "a forwarded message cannot be made");
}

static void
set_rcpts(struct child *child, const struct job_child *given)
{
	struct arena *arena = child->arena;

	child->e.nrcpts = given->nrcpts;
	child->e.rcpts =
	    arena_alloc(arena, given->nrcpts * sizeof *child->e.rcpts);
	for (size_t i = 0; i < given->nrcpts; i++) {
		const struct job_rcpt *r = &given->rcpts[i];

		child->e.rcpts[i] =
		    (struct envelope_rcpt){ .address =
						arena_strdup(arena, r->address),
			    .original = arena_strdup(arena, r->original),
			    .orcpt = arena_strdup(arena, r->orcpt),
			    .notify = r->notify,
			    .target = arena_strdup(arena, r->target),
			    .transport = "",
			    .nexthop = "",
			    .dsn = "",
			    .reason = "",
			    .remote = "",
			    .diagnostic = "" };
	}
}

/* The same message, but for sender and recipients; another sender is told of
 * its own mail only. */
static bool
make(struct schedule *s, const struct active *a, const struct job_child *given,
    struct child *child)
{
	struct envelope *e = &child->e;
	struct arena *arena = child->arena = arena_new();
	size_t head = strlen(given->head);
	struct err err;
	char *headers;

	if (store_reader_envelope(s->reader, a->key, arena, e, &err) <= 0)
		return false;
	(void)snprintf(e->qid, sizeof e->qid, "%s", given->qid);
	/* The one who asked is told what would become of a list's members. */
	if (strcmp(e->sender, given->sender) != 0 &&
	    e->trace != ENVELOPE_TRACE_VERIFY) {
		e->sender = arena_strdup(arena, given->sender);
		e->envid = "";
		e->ret = 0;
		e->trace = ENVELOPE_TRACE_NONE;
	}
	headers = arena_alloc(arena, head + e->nheaders + 1);
	memcpy(headers, given->head, head);
	if (e->nheaders > 0)
		memcpy(headers + head, e->headers, e->nheaders);
	e->headers = headers;
	e->nheaders += head;
	e->size += head;
	e->arrival = clock_now();
	e->attempts = 0;
	e->not_before = 0;
	e->hold = e->bounced_delay_warning = false;
	/* Its sender is one of those already. */
	e->verp = "";
	/* It has been there. */
	e->rescan = false;
	e->filter = "";
	set_rcpts(child, given);
	return true;
}

void
schedule_child_add(struct schedule *s, struct active *a,
    const struct job_outcome *outcome, enum envelope_state state)
{
	struct schedule_child *all = calloc(1, sizeof *all), **last;

	if (all == NULL ||
	    (all->list = calloc(outcome->nchildren + 1, sizeof *all->list)) ==
		NULL)
		fatal("out of memory");
	all->s = s;
	all->a = a;
	all->recipient = outcome->index;
	all->state = state;
	all->count = outcome->nchildren;
	all->good = true;
	for (size_t i = 0; i < all->count; i++)
		if (!make(s, a, &outcome->children[i], &all->list[i]))
			all->good = false;
	a->pending++;
	for (last = &a->children; *last != NULL;)
		last = &(*last)->next;
	*last = all;
	if (last == &a->children)
		begin(all);
}
