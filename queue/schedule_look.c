/* schedule_look.c - see schedule_inner.h: notices of ours pass intake, where
 * internal_mail_filter_classes says so, as mail of others does.
 *
 * A notice is stored, unseen, in the change that causes it.  Once it is active
 * a proxy gets a copy, and answers with what the content stages and milters
 * have made of it, which takes the place of the stored one under the same queue
 * id: one change.  Until that is durable the notice is unseen, and whoever takes
 * it up, after whatever has died, begins anew: it is neither lost nor sent twice.
 * What is refused is undeliverable as any other notice (schedule_notice.c), so
 * that no notice is answered by another one without end. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "queue/group.h"
#include "queue/schedule_inner.h"
#include "queue/store_reader.h"

struct schedule_look {
	TAILQ_ENTRY(schedule_look)
	entry; /* of its looker, or of those waiting */
	struct schedule *s;
	struct active *a;
	/* As it came back: its record is on its way to the disk. */
	struct store_op replace;
	struct arena *arena; /* has ${e} */
	struct envelope e;
};

static bool
has_class(const struct schedule *s, const char *class)
{
	struct arena *arena = arena_new();
	const char *p = s->params.internal_mail_filter_classes, *word;
	bool found = false;

	while (!found && (word = conf_word(&p, arena)) != NULL)
		found = strcmp(word, class) == 0;
	arena_free(arena);
	return found;
}

bool
schedule_look_wanted(const struct schedule *s)
{
	return has_class(s, "bounce");
}

/* Somebody looks at notices of some sort. */
static bool
is_on(const struct schedule *s)
{
	return has_class(s, "bounce") || has_class(s, "notify");
}

static void
forget(struct schedule_look *look)
{
	buf_free(&look->replace.data);
	arena_free(look->arena);
	free(look);
}

/* Nothing more of it is under way. */
static void
over(struct schedule_look *look)
{
	struct schedule *s = look->s;
	struct active *a = look->a;

	forget(look);
	schedule_active_release(s, a);
}

/* What all its recipients come to. */
static void
fail(struct schedule_look *look, enum active_outcome outcome, const char *dsn,
    const char *text)
{
	struct active *a = look->a;

	for (size_t i = 0; i < a->e.nrcpts; i++) {
		struct envelope_rcpt *r = &a->e.rcpts[i];

		if (r->state != ENVELOPE_TODO)
			continue;
		r->dsn = arena_strdup(a->arena, dsn);
		r->reason = arena_strdup(a->arena, text);
		r->remote = r->diagnostic = "";
		a->outcomes[i] = (unsigned char)outcome;
		if (outcome == ACTIVE_DEFERRED)
			schedule_log_deferred(a, i, clock_now());
	}
	over(look);
}

static void
discard(struct schedule_look *look)
{
	struct active *a = look->a;

	for (size_t i = 0; i < a->e.nrcpts; i++)
		a->e.rcpts[i].state = ENVELOPE_DONE;
	over(look);
}

/* Its record as it is now, with what has been tried.  False: there is none. */
static bool
read_record(struct schedule *s, const struct active *a, struct buf *record)
{
	struct arena *arena = arena_new();
	struct envelope e;
	struct err err;
	bool good =
	    store_reader_envelope(s->reader, a->key, arena, &e, &err) > 0 &&
	    e.nchunks == 0;

	if (good)
		envelope_print(&e, record);
	arena_free(arena);
	return good && record->len < FRAME_MOST;
}

static struct schedule_looker *
free_looker(struct schedule *s)
{
	struct schedule_looker *looker;

	TAILQ_FOREACH (looker, &s->lookers, entry)
		if (looker->count < looker->most)
			return looker;
	return NULL;
}

static void
hand_out(struct schedule *s)
{
	struct schedule_looker *looker;
	struct schedule_look *look;

	while (!s->stopped && (look = TAILQ_FIRST(&s->looks)) != NULL &&
	    (looker = free_looker(s)) != NULL) {
		struct buf record = { 0 };

		TAILQ_REMOVE(&s->looks, look, entry);
		if (look->a->gone || look->a->wish != ACTIVE_NO_WISH) {
			over(look);
		} else if (!read_record(s, look->a, &record)) {
			fail(look, ACTIVE_DEFERRED, "4.3.0",
			    "the notice cannot be given to intake");
		} else {
			TAILQ_INSERT_TAIL(&looker->looks, look, entry);
			looker->count++;
			looker->send(looker, look->a->key, &record);
		}
		buf_free(&record);
	}
}

void
schedule_look(struct schedule *s, struct active *a)
{
	struct schedule_look *look;

	if (!is_on(s)) {
		schedule_log_active(a);
		schedule_route_all(s, a);
		return;
	}
	look = calloc(1, sizeof *look);
	if (look == NULL)
		fatal("out of memory");
	look->s = s;
	look->a = a;
	a->pending++;
	TAILQ_INSERT_TAIL(&s->looks, look, entry);
	hand_out(s);
}

void
schedule_look_reload(struct schedule *s)
{
	struct schedule_look *look;

	if (is_on(s))
		return;
	while ((look = TAILQ_FIRST(&s->looks)) != NULL) {
		TAILQ_REMOVE(&s->looks, look, entry);
		if (!look->a->gone && look->a->wish == ACTIVE_NO_WISH)
			schedule_look(s, look->a);
		over(look);
	}
}

void
schedule_look_free(struct schedule *s)
{
	struct schedule_looker *looker;
	struct schedule_look *look;

	while ((looker = TAILQ_FIRST(&s->lookers)) != NULL)
		schedule_look_leave(s, looker);
	while ((look = TAILQ_FIRST(&s->looks)) != NULL) {
		TAILQ_REMOVE(&s->looks, look, entry);
		forget(look);
	}
}

void
schedule_look_join(struct schedule *s, struct schedule_looker *looker)
{
	looker->most = looker->count = 0;
	TAILQ_INIT(&looker->looks);
	TAILQ_INSERT_HEAD(&s->lookers, looker, entry);
}

void
schedule_look_most(
    struct schedule *s, struct schedule_looker *looker, size_t most)
{
	looker->most = most;
	hand_out(s);
}

void
schedule_look_leave(struct schedule *s, struct schedule_looker *looker)
{
	struct schedule_look *look;

	TAILQ_REMOVE(&s->lookers, looker, entry);
	while ((look = TAILQ_LAST(&looker->looks, schedule_looks)) != NULL) {
		TAILQ_REMOVE(&looker->looks, look, entry);
		TAILQ_INSERT_HEAD(&s->looks, look, entry);
	}
	hand_out(s);
}

/* The notice as it is to be takes its turn as any message that was stored just
 * now. */
static void
begin_anew(struct schedule_look *look)
{
	struct schedule *s = look->s;
	struct active *a = look->a;
	enum active_wish wish = a->wish;
	uint64_t key = a->key;

	crash_point("notice-seen");
	must(a->pending == 1);
	active_remove(&s->active, a);
	if (wish == ACTIVE_NO_WISH) {
		schedule_active_add(s, key, look->arena, &look->e);
		look->arena = NULL;
	} else {
		schedule_end_fulfil(s, key, &look->replace.place, wish);
	}
	forget(look);
	schedule_active_kick(s);
}

static void
replaced(struct store_op *op)
{
	struct schedule_look *look = (struct schedule_look *)((char *)op -
	    offsetof(struct schedule_look, replace));

	switch (op->result) {
	case STORE_OK:
		begin_anew(look);
		return;
	case STORE_FULL:
	case STORE_TAKEN:
		fail(look, ACTIVE_DEFERRED, "4.3.0",
		    "the queue has no room for the notice");
		return;
	case STORE_ABSENT:
	case STORE_FAILED:
		over(look);
	}
}

/* False: that is no notice of ours. */
static bool
replace(struct schedule_look *look, const struct schedule_seen_answer *answer)
{
	const struct active *a = look->a;
	struct store_op *op = &look->replace;
	struct envelope *e = &look->e;

	look->arena = arena_new();
	if (!envelope_parse(answer->record, answer->nrecord, look->arena, e) ||
	    strcmp(e->qid, a->e.qid) != 0 || e->nrcpts == 0 || e->nchunks != 0)
		return false;
	e->unseen = false;
	e->is_bounce = true;
	/* Whatever a milter says: who answers a notice is answered by none. */
	e->sender = a->e.sender;
	e->arrival = a->e.arrival;
	e->message_id = a->e.message_id;
	e->hold |= a->wish == ACTIVE_HOLD;
	op->kind = STORE_REPLACE;
	op->needs_room = true;
	op->key = a->key;
	op->place.class = e->hold ? STORE_HOLD : STORE_INCOMING;
	op->place.key = a->key;
	memcpy(op->qid, e->qid, sizeof op->qid);
	memcpy(op->old_qid, e->qid, sizeof op->old_qid);
	op->done = replaced;
	envelope_print(e, &op->data);
	/* These outlive the message as it was. */
	e->sender = arena_strdup(look->arena, e->sender);
	e->message_id = arena_strdup(look->arena, e->message_id);
	group_add(look->s->group, op);
	return true;
}

bool
schedule_look_answer(struct schedule *s, struct schedule_looker *looker,
    uint64_t key, const struct schedule_seen_answer *answer)
{
	struct schedule_look *look;

	TAILQ_FOREACH (look, &looker->looks, entry)
		if (look->a->key == key)
			break;
	if (look == NULL)
		return false;
	TAILQ_REMOVE(&looker->looks, look, entry);
	looker->count--;
	switch (answer->seen) {
	case SCHEDULE_SEEN_GOOD:
		crash_point("notice-looked-at");
		if (!replace(look, answer))
			fail(look, ACTIVE_DEFERRED, "4.3.0",
			    "intake made no notice of it");
		break;
	case SCHEDULE_SEEN_NOTHING:
		discard(look);
		break;
	case SCHEDULE_SEEN_REFUSED:
		fail(look, ACTIVE_BOUNCED, answer->dsn, answer->text);
		break;
	case SCHEDULE_SEEN_LATER:
		fail(look, ACTIVE_DEFERRED, answer->dsn, answer->text);
		break;
	}
	hand_out(s);
	return true;
}
