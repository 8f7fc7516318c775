/* recipient_content.c - see recipient_content.h. */
#include "classes/recipient_content.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "checks/attachment_checks.h"
#include "checks/content_checks.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "checks/text_checks.h"
#include "classes/class_content.h"
#include "classes/class_names.h"

/* A class that looks at the message. */
struct looker {
	const struct class_content *content;
	struct subject subject; /* whom its warnings name */
	struct content_verdict verdict;
	struct content_stage *first; /* of its stages */
	struct content_stage *opened[3];
	size_t nopened;
	struct content_stage end; /* what they pass on goes nowhere */
};

/* Recipients with the same classes. */
struct group {
	const char *classes;
	struct looker **lookers; /* in the order that counts */
	size_t count;
};

struct recipient_content {
	struct arena *arena;
	const struct class_content_all *all;
	const struct subject *subject;
	const struct content_verdict *common;
	struct group *groups;
	size_t ngroups, room;
	struct looker **lookers; /* of all groups; room for one per class */
	size_t nlookers;
};

struct recipient_stage {
	struct content_stage stage; /* first */
	struct recipient_content *rc;
};

struct recipient_content *
recipient_content_new(const struct class_content_all *all,
    const struct subject *subject, const struct content_verdict *common,
    struct arena *arena)
{
	struct recipient_content *rc = arena_alloc(arena, sizeof *rc);

	rc->arena = arena;
	rc->all = all;
	rc->subject = subject;
	rc->common = common;
	rc->lookers = arena_alloc(arena, all->count * sizeof(void *));
	return rc;
}

/* The one for ${content}; ${address} is the first who has it. */
static struct looker *
get_looker(struct recipient_content *rc, const struct class_content *content,
    const char *address)
{
	struct looker *looker;

	for (size_t i = 0; i < rc->nlookers; i++)
		if (rc->lookers[i]->content == content)
			return rc->lookers[i];
	looker = arena_alloc(rc->arena, sizeof *looker);
	looker->content = content;
	looker->subject = *rc->subject;
	looker->subject.recipient = arena_strdup(rc->arena, address);
	content_verdict_begin(&looker->verdict, rc->arena);
	rc->lookers[rc->nlookers++] = looker;
	return looker;
}

static void
fill_group(
    struct recipient_content *rc, struct group *group, const char *address)
{
	const struct class_content *content;
	const char *names = group->classes, *name;
	size_t n;

	group->lookers =
	    arena_alloc(rc->arena, rc->all->count * sizeof(void *));
	while ((name = class_names_next(&names, &n)) != NULL) {
		content = class_content_find(rc->all, name, n);
		if (content != NULL)
			group->lookers[group->count++] =
			    get_looker(rc, content, address);
	}
}

unsigned
recipient_content_add(
    struct recipient_content *rc, const char *address, const char *classes)
{
	struct group *more;

	for (size_t i = rc->ngroups; i > 0; i--)
		if (strcmp(rc->groups[i - 1].classes, classes) == 0)
			return (unsigned)(i - 1);
	if (rc->ngroups == rc->room) {
		rc->room = rc->room == 0 ? 4 : 2 * rc->room;
		more = arena_alloc(rc->arena, rc->room * sizeof *more);
		if (rc->ngroups > 0)
			memcpy(more, rc->groups, rc->ngroups * sizeof *more);
		rc->groups = more;
	}
	rc->groups[rc->ngroups].classes = arena_strdup(rc->arena, classes);
	fill_group(rc, &rc->groups[rc->ngroups], address);
	return (unsigned)rc->ngroups++;
}

unsigned
recipient_content_groups(const struct recipient_content *rc)
{
	return (unsigned)rc->ngroups;
}

static void
end_header(struct content_stage *stage, const char *text, size_t len)
{
	(void)stage;
	(void)text;
	(void)len;
}

static void
end_any(struct content_stage *stage)
{
	(void)stage;
}

static void
put_first(struct looker *looker, struct content_stage *stage)
{
	looker->opened[looker->nopened++] = looker->first = stage;
}

static void
open_looker(struct looker *looker)
{
	static const struct content_stage_ops ops = {
		.header = end_header,
		.headers_end = end_any,
		.body = end_header,
		.end = end_any,
		.close = end_any,
	};
	const struct class_content *c = looker->content;

	looker->end = (struct content_stage){ &ops, NULL, &looker->verdict };
	looker->first = &looker->end;
	if (c->attachments != NULL)
		put_first(looker,
		    attachment_checks_new(c->attachments, &looker->subject,
			&looker->verdict, looker->first));
	if (c->text != NULL)
		put_first(looker,
		    text_checks_new(c->text, &looker->subject, &looker->verdict,
			looker->first));
	if (!content_lists_idle(c->lists))
		put_first(looker,
		    content_checks_new(c->lists, &looker->subject,
			&looker->verdict, looker->first));
}

/* Has ${looker} still something to find? */
static bool
looks(const struct recipient_content *rc, const struct looker *looker)
{
	return !rc->common->done && !looker->verdict.done;
}

static struct recipient_content *
content_of(struct content_stage *stage)
{
	return ((struct recipient_stage *)stage)->rc;
}

static void
look_at_header(struct recipient_content *rc, const char *text, size_t len)
{
	for (size_t i = 0; i < rc->nlookers; i++)
		if (looks(rc, rc->lookers[i]))
			rc->lookers[i]->first->ops->header(
			    rc->lookers[i]->first, text, len);
}

static void
stage_header(struct content_stage *stage, const char *text, size_t len)
{
	look_at_header(content_of(stage), text, len);
	stage->next->ops->header(stage->next, text, len);
}

static void
stage_made(struct content_stage *stage, const char *text, size_t len)
{
	look_at_header(content_of(stage), text, len);
	content_stage_made(stage->next, text, len);
}

static void
stage_headers_end(struct content_stage *stage)
{
	struct recipient_content *rc = content_of(stage);

	for (size_t i = 0; i < rc->nlookers; i++)
		if (looks(rc, rc->lookers[i]))
			rc->lookers[i]->first->ops->headers_end(
			    rc->lookers[i]->first);
	stage->next->ops->headers_end(stage->next);
}

static void
stage_body(struct content_stage *stage, const char *data, size_t len)
{
	struct recipient_content *rc = content_of(stage);

	for (size_t i = 0; i < rc->nlookers; i++)
		if (looks(rc, rc->lookers[i]))
			rc->lookers[i]->first->ops->body(
			    rc->lookers[i]->first, data, len);
	stage->next->ops->body(stage->next, data, len);
}

static void
stage_end(struct content_stage *stage)
{
	struct recipient_content *rc = content_of(stage);

	for (size_t i = 0; i < rc->nlookers; i++)
		if (looks(rc, rc->lookers[i]))
			rc->lookers[i]->first->ops->end(rc->lookers[i]->first);
	stage->next->ops->end(stage->next);
}

static void
stage_close(struct content_stage *stage)
{
	struct recipient_content *rc = content_of(stage);

	for (size_t i = 0; i < rc->nlookers; i++) {
		struct looker *looker = rc->lookers[i];

		while (looker->nopened > 0) {
			looker->nopened--;
			looker->opened[looker->nopened]->ops->close(
			    looker->opened[looker->nopened]);
		}
	}
	free(stage);
}

struct content_stage *
recipient_content_open(struct recipient_content *rc, struct content_stage *next)
{
	static const struct content_stage_ops ops = {
		.header = stage_header,
		.made = stage_made,
		.headers_end = stage_headers_end,
		.body = stage_body,
		.end = stage_end,
		.close = stage_close,
	};
	struct recipient_stage *stage;

	if (rc->nlookers == 0)
		return NULL;
	stage = calloc(1, sizeof *stage);
	if (stage == NULL)
		fatal("out of memory");
	/* The verdicts are those of the classes. */
	stage->stage = (struct content_stage){ &ops, next, NULL };
	stage->rc = rc;
	for (size_t i = 0; i < rc->nlookers; i++)
		open_looker(rc->lookers[i]);
	return &stage->stage;
}

/* What ${looker} has decided, if that ends the search. */
static bool
decides(const struct looker *looker, struct recipient_verdict *verdict)
{
	const struct content_verdict *v = &looker->verdict;

	if (v->code != 0) {
		verdict->fate = RECIPIENT_REFUSED;
		verdict->code = v->code;
		verdict->dsn = v->dsn;
		verdict->text = v->text;
	} else if (content_verdict_has(v, EFFECT_DISCARD)) {
		verdict->fate = RECIPIENT_DISCARDED;
	} else if (content_verdict_has(v, EFFECT_REDIRECT)) {
		verdict->fate = RECIPIENT_REDIRECTED;
		for (const struct effect *e = v->effects; e != NULL;
		     e = e->next)
			if (e->kind == EFFECT_REDIRECT)
				verdict->redirect = e->text;
	} else {
		if (content_verdict_has(v, EFFECT_HOLD) &&
		    verdict->fate == RECIPIENT_TAKEN) {
			verdict->fate = RECIPIENT_HELD;
			verdict->by = looker->content;
			verdict->note = v->by;
		}
		return v->done;
	}
	verdict->by = looker->content;
	verdict->note = v->by;
	return true;
}

void
recipient_content_verdict(const struct recipient_content *rc, unsigned group,
    struct recipient_verdict *verdict)
{
	const struct group *g = &rc->groups[group];

	must(group < rc->ngroups);
	*verdict = (struct recipient_verdict){ .fate = RECIPIENT_TAKEN };
	for (size_t i = 0; i < g->count; i++)
		if (decides(g->lookers[i], verdict))
			return;
}

void
recipient_content_sum(
    struct recipient_sum *sum, const struct recipient_verdict *verdict)
{
	if (verdict->fate != RECIPIENT_REFUSED) {
		sum->taken = true;
		return;
	}
	if (sum->first == NULL)
		sum->first = verdict;
	if (sum->later == NULL && verdict->code < 500)
		sum->later = verdict;
}

const struct recipient_verdict *
recipient_content_refusal(const struct recipient_sum *sum, bool soft)
{
	if (sum->later != NULL && !soft)
		return sum->later;
	return soft || !sum->taken ? sum->first : NULL;
}

static void
tell_notes(struct looker *const *lookers, size_t n,
    void (*fn)(void *arg, const struct content_note *note), void *arg)
{
	const struct content_note *note;

	for (size_t i = 0; i < n; i++)
		for (note = lookers[i]->verdict.notes; note != NULL;
		     note = note->next)
			fn(arg, note);
}

void
recipient_content_found(const struct recipient_content *rc,
    void (*fn)(void *arg, const struct content_note *note), void *arg)
{
	tell_notes(rc->lookers, rc->nlookers, fn, arg);
}

void
recipient_content_notes(const struct recipient_content *rc, unsigned group,
    void (*fn)(void *arg, const struct content_note *note), void *arg)
{
	tell_notes(rc->groups[group].lookers, rc->groups[group].count, fn, arg);
}

void
recipient_content_settle(struct recipient_verdict *verdict)
{
	switch (verdict->by->action) {
	case CLASS_CONTENT_HOLD:
		verdict->fate = RECIPIENT_HELD;
		break;
	case CLASS_CONTENT_DISCARD:
		verdict->fate = RECIPIENT_DISCARDED;
		break;
	case CLASS_CONTENT_REDIRECT:
		verdict->fate = RECIPIENT_REDIRECTED;
		verdict->redirect = verdict->by->redirect;
		break;
	}
}
