/* local_children.c - see local_children.h. */
#include "delivery/local_children.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/frame.h"
#include "base/local_time.h"
#include "delivery/delivery.h"
#include "delivery/local_client.h"
#include "delivery/local_expand.h"
#include "delivery/local_settings.h"
#include "delivery/transport.h"
#include "queue/envelope.h"
#include "rules/duplicates.h"
#include "rules/route.h"

enum {
	ROOM = 8,
	/* Of one message: each of its marks names all of them. */
	MOST_RCPTS = 1000,
	MOST_FULL = 100,
	/* Of an answer to the queue: it is one frame. */
	MOST_OCTETS = FRAME_MOST / 4 * 3,
	RCPT_OCTETS = 64 /* beside the texts */
};

/* Messages that are being filled. */
struct litter {
	struct delivery *d;
	const struct job_rcpt *from;
	struct job_child *children;
	const char **delivered; /* of each; NULL: nothing is put in front */
	size_t *room;
	size_t count, most;
	struct duplicates seen;
	size_t octets;
	const char *failed; /* why; NULL: not */
};

/* Unlike those of this process and of others, see queue_id.c. */
static const char *
new_qid(const struct delivery *d)
{
	static _Atomic uint64_t last;
	const struct local_settings *s = d->transport->state;
	char *qid = arena_alloc(d->arena, ENVELOPE_QID);
	uint64_t n = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed);

	envelope_qid(clock_now(),
	    (((uint64_t)getpid() << 12) ^ n ^ 0x80000000U) & 0xffffffffU,
	    s->long_qids, qid);
	return qid;
}

/* The lines in front of a forwarded message. */
static const char *
head(const struct delivery *d, const char *qid, const char *delivered)
{
	const struct local_settings *s = d->transport->state;
	struct buf b = { 0 };
	const char *line, *text;

	buf_printf(&b, "Received: by %s (%s)\r\n\tid %s; ",
	    d->transport->base.myhostname, d->transport->base.mail_name, qid);
	local_time_date(clock_now(), &b);
	buf_puts(&b, "\r\n");
	if ((s->delivered & LOCAL_DELIVERED_FORWARD) != 0) {
		line = local_client_delivered_to(d, delivered);
		buf_put(&b, line, strlen(line) - 1);
		buf_puts(&b, "\r\n");
	}
	text = arena_strndup(d->arena, b.data, b.len);
	buf_free(&b);
	return text;
}

static bool
is_same(const char *one, const char *other)
{
	return one == other ||
	    (one != NULL && other != NULL && strcasecmp(one, other) == 0);
}

/* Where it goes; l->most: there is no room for one more. */
static size_t
child_of(struct litter *l, const struct local_leaf *leaf)
{
	const char *delivered = leaf->indirect ? leaf->delivered : NULL;
	size_t i = 0;
	const char *qid;

	while (i < l->count &&
	    !(l->children[i].nrcpts < MOST_RCPTS &&
		strcmp(l->children[i].sender, leaf->sender) == 0 &&
		is_same(l->delivered[i], delivered)))
		i++;
	if (i < l->count || i == l->most)
		return i;
	qid = new_qid(l->d);
	l->children[i] = (struct job_child){ .qid = qid,
		.sender = leaf->sender,
		.head = delivered != NULL ? head(l->d, qid, delivered) : "" };
	l->delivered[i] = delivered;
	l->room[i] = 0;
	l->count++;
	return i;
}

static void
add_rcpt(struct litter *l, const struct local_leaf *leaf,
    const struct job_rcpt *rcpt)
{
	size_t child = child_of(l, leaf);
	struct job_child *c = &l->children[child];
	struct job_rcpt *wider;

	if (child == l->most) {
		l->failed = "alias expansion exceeds the limit";
		return;
	}
	l->octets += strlen(rcpt->address) + strlen(rcpt->original) +
	    strlen(rcpt->orcpt) + strlen(rcpt->target) + RCPT_OCTETS;
	if (l->octets > MOST_OCTETS / l->d->job->nrcpts) {
		l->failed = "alias expansion exceeds the limit";
		return;
	}
	if (c->nrcpts == l->room[child]) {
		l->room[child] = c->nrcpts == 0 ? ROOM : 2 * c->nrcpts;
		wider =
		    arena_alloc(l->d->arena, l->room[child] * sizeof *wider);
		if (c->nrcpts > 0)
			memcpy(wider, c->rcpts, c->nrcpts * sizeof *wider);
		c->rcpts = wider;
	}
	c->rcpts[c->nrcpts++] = *rcpt;
}

/* That it was expanded is all that a sender who asked is told of success. */
static unsigned
notify_of(unsigned notify)
{
	if (notify == ENVELOPE_NOTIFY_SUCCESS)
		return ENVELOPE_NOTIFY_NEVER;
	return notify & ~(unsigned)ENVELOPE_NOTIFY_SUCCESS;
}

/* An address as intake would take it: canonical, and no virtual alias. */
static void
add_forwarded(
    struct litter *l, const struct local_leaf *leaf, struct job_rcpt rcpt)
{
	struct delivery *d = l->d;
	struct route_expansion all = { 0 };
	char *canonical;

	if (route_canonical(d->env->route, d->env->world, d->arena,
		rcpt.address, 'r', &canonical) == TABLE_FAILED) {
		l->failed = "address resolver failure";
		return;
	}
	if (route_expand(d->env->route, d->env->world, d->arena, canonical,
		&all) == TABLE_FAILED) {
		l->failed = "address resolver failure";
		return;
	}
	for (size_t i = 0; i < all.count; i++) {
		const char *key = arena_printf(d->arena, "%s %s %s",
		    leaf->sender, leaf->delivered, all.list[i]);

		rcpt.address = all.list[i];
		if (!duplicates_find(&l->seen, d->arena, key))
			add_rcpt(l, leaf, &rcpt);
	}
}

static void
add_leaf(struct litter *l, const struct local_leaf *leaf)
{
	const struct job_rcpt *from = l->from;
	struct job_rcpt rcpt = { .address = leaf->address,
		.original = "",
		.orcpt = "",
		.target = "" };

	/* A list with an owner is an end: its members are none of the
	 * sender's (RFC 3461, 5.2.7.3). */
	if (strcmp(leaf->sender, l->d->job->sender) == 0) {
		rcpt.original =
		    from->original[0] != '\0' ? from->original : from->address;
		rcpt.orcpt = from->orcpt;
		rcpt.notify = notify_of(from->notify);
	}
	if (leaf->indirect) {
		add_forwarded(l, leaf, rcpt);
		return;
	}
	rcpt.target = local_target_print(l->d->arena, &leaf->target);
	add_rcpt(l, leaf, &rcpt);
}

void
local_children_end(
    struct delivery *d, size_t rcpt, const struct local_expansion *x)
{
	struct delivery_end end = { .status = JOB_REPLACED,
		.report = JOB_REPORT_EXPANDED,
		.dsn = "2.0.0",
		.text = "alias expanded",
		.relay = "local" };
	/* Each leaf begins one, and may fill some with its virtual aliases. */
	size_t most = 2 * x->count + MOST_FULL;
	struct litter l = { .d = d,
		.seen.most = route_duplicates(d->env->route),
		.from = &d->job->rcpts[rcpt],
		.children =
		    arena_alloc(d->arena, most * sizeof(struct job_child)),
		.delivered = arena_alloc(d->arena, most * sizeof(char *)),
		.room = arena_alloc(d->arena, most * sizeof(size_t)),
		.most = most };

	for (size_t n = 0; n < x->count && l.failed == NULL; n++)
		add_leaf(&l, &x->leaves[n]);
	end.children = l.children;
	end.nchildren = l.count;
	if (l.failed != NULL)
		end = (struct delivery_end){ .status = JOB_DEFERRED,
			.dsn = "4.3.0",
			.text = l.failed,
			.relay = "local" };
	else if (content_count_headers(&d->content, "Received") >
	    ((const struct local_settings *)d->transport->state)->hops)
		end = (struct delivery_end){ .status = JOB_BOUNCED,
			.dsn = "5.4.0",
			.text = "too many hops",
			.relay = "local" };
	duplicates_free(&l.seen);
	delivery_end(d, rcpt, &end);
}
