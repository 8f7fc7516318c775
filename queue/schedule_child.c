/* schedule_child.c - see schedule_inner.h: a recipient is replaced by a
 * message of its own (a forward, an alias with an owner).  Child and mark are
 * one change, so that there is one child whatever happens. */
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

struct schedule_child {
	struct schedule_child *next;
	struct schedule *s;
	struct active *a;
	size_t recipient;
	struct arena *arena;
	struct envelope e;
	struct store_op new, copy, mark; /* in this order */
};

static void start(struct schedule_child *child);

/* The next one, or none: ${child} is done with. */
static void
finish(struct schedule_child *child)
{
	struct schedule *s = child->s;
	struct active *a = child->a;

	buf_free(&child->new.data);
	buf_free(&child->mark.data);
	arena_free(child->arena);
	a->children = child->next;
	free(child);
	if (a->children != NULL)
		start(a->children);
	schedule_active_release(s, a);
}

static void
defer(struct schedule_child *child, const char *reason)
{
	struct active *a = child->a;
	struct envelope_rcpt *r = &a->e.rcpts[child->recipient];

	r->dsn = "4.3.0";
	r->reason = reason;
	r->remote = r->diagnostic = "";
	a->outcomes[child->recipient] = ACTIVE_DEFERRED;
	schedule_log_deferred(a, child->recipient, clock_now());
	finish(child);
}

static void
done(struct store_op *op)
{
	struct schedule_child *child = (struct schedule_child *)((char *)op -
	    offsetof(struct schedule_child, new));

	switch (op->result) {
	case STORE_OK:
		child->a->e.rcpts[child->recipient].state = ENVELOPE_DONE;
		schedule_active_add(child->s, op->key, child->arena, &child->e);
		child->arena = NULL;
		finish(child);
		return;
	case STORE_TAKEN:
		start(child);
		return;
	case STORE_FULL:
		defer(child, "the queue has no room for a forwarded message");
		return;
	case STORE_ABSENT:
	case STORE_FAILED:
		finish(child);
	}
}

static void
set_ops(struct schedule_child *child)
{
	struct active *a = child->a;
	struct envelope_rcpt *r = &a->e.rcpts[child->recipient];

	child->new.kind = STORE_NEW;
	child->new.needs_room = true;
	child->new.done = done;
	child->new.with = &child->copy;
	child->new.place =
	    (struct store_place){ STORE_INCOMING, 0, child->new.key };
	memcpy(child->new.qid, child->e.qid, sizeof child->new.qid);
	buf_reset(&child->new.data);
	envelope_print(&child->e, &child->new.data);
	child->copy.kind = STORE_COPY;
	child->copy.key = child->new.key;
	child->copy.number = a->key;
	child->copy.count = child->e.nchunks;
	child->copy.with = &child->mark;
	child->mark.kind = STORE_MARK;
	child->mark.key = a->key;
	child->mark.place = (struct store_place){ STORE_INCOMING, 0, a->key };
	buf_reset(&child->mark.data);
	r->state = ENVELOPE_DONE;
	mark_print(&a->e, &child->mark.place, &child->mark.data);
	r->state = ENVELOPE_TODO;
}

static void
start(struct schedule_child *child)
{
	struct schedule *s = child->s;

	if (child->new.key == 0)
		child->new.key = store_key(s->store);
	envelope_qid(
	    clock_now(), child->new.key & 0xffffff, s->long_qids, child->e.qid);
	set_ops(child);
	group_add(s->group, &child->new);
}

/* The recipients of the child, in its arena. */
static void
set_rcpts(struct schedule_child *child, const char *addresses)
{
	const struct envelope_rcpt *r = &child->a->e.rcpts[child->recipient];
	const char *original =
	    r->original[0] != '\0' ? r->original : r->address;
	struct arena *arena = child->arena;
	struct envelope_rcpt *rcpts;
	size_t most = 1, n = 0, len;

	for (const char *p = addresses; *p != '\0'; p++)
		most += *p == '\n';
	rcpts = arena_alloc(arena, most * sizeof *rcpts);
	for (const char *p = addresses; *p != '\0'; p += len) {
		len = strcspn(p, "\n");
		if (len > 0)
			rcpts[n++] = (struct envelope_rcpt){
				.address = arena_strndup(arena, p, len),
				.original = arena_strdup(arena, original),
				.orcpt = arena_strdup(arena, r->orcpt),
				.notify = r->notify,
				.transport = "",
				.nexthop = "",
				.dsn = "",
				.reason = "",
				.remote = "",
				.diagnostic = ""
			};
		len += p[len] == '\n';
	}
	child->e.rcpts = rcpts;
	child->e.nrcpts = n;
}

void
schedule_child_add(struct schedule *s, struct active *a, size_t recipient,
    const char *addresses)
{
	struct schedule_child *child = calloc(1, sizeof *child), **last;
	struct err err;

	if (child == NULL)
		fatal("out of memory");
	*child = (struct schedule_child){
		.s = s, .a = a, .recipient = recipient, .arena = arena_new()
	};
	a->pending++;
	for (last = &a->children; *last != NULL;)
		last = &(*last)->next;
	if (store_reader_envelope(
		s->reader, a->key, child->arena, &child->e, &err) <= 0)
		child->e.nrcpts = 0;
	else
		set_rcpts(child, addresses);
	child->e.attempts = 0;
	child->e.not_before = 0;
	*last = child;
	if (child->e.nrcpts == 0 && last == &a->children)
		defer(child, "a forwarded message cannot be made");
	else if (last == &a->children)
		start(child);
}
