/* milterd_settle.c - see milterd_settle.h. */
#include "policy/milterd_settle.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "checks/content_action.h"
#include "checks/note.h"
#include "classes/recipient_content.h"
#include "policy/milterd_door.h"
#include "policy/policy_door.h"
#include "policy/policy_events.h"

/* What one message asks for. */
struct settling {
	struct milterd_visit *visit;
	struct milterd_outcome *outcome;
	const struct effect *lists[2]; /* of restrictions, of its content */
	struct recipient_verdict *verdicts; /* by group; NULL: none */
};

/* The last one of a kind, or NULL. */
static const struct effect *
find(const struct settling *s, enum effect_kind kind)
{
	const struct effect *found = NULL;

	for (size_t i = 0; i < 2; i++)
		for (const struct effect *e = s->lists[i]; e != NULL;
		     e = e->next)
			if (e->kind == kind)
				found = e;
	return found;
}

static void
untold(const struct settling *s, const char *action)
{
	event(&policy_events_beyond, &s->visit->by, "client",
	    note_client(&s->visit->subject), "action", action, NULL);
}

static enum milterd_answer
refuse(struct milterd_visit *v, int code, const char *dsn, const char *text)
{
	if (code >= 500 && stage_soft_bounce(v->shared->door->base->rules)) {
		char *soft = arena_strdup(v->mail, dsn);

		soft[0] = '4';
		dsn = soft;
		code -= 100;
	}
	v->code = code;
	v->dsn = dsn;
	v->text = text;
	return MILTERD_REFUSE;
}

static void
add(struct settling *s, const char *address)
{
	struct milterd_outcome *o = s->outcome;

	for (size_t i = 0; i < o->nadd; i++)
		if (strcmp(o->add[i], address) == 0)
			return;
	o->add[o->nadd++] = address;
}

static void
take_away(struct settling *s, const struct milterd_rcpt *rcpt)
{
	s->outcome->remove[s->outcome->nremove++] = rcpt->words;
}

/* "reject: body buy pills from ...: 5.7.1 no pills; held" */
static void
log_recipient(const struct settling *s, const struct milterd_rcpt *rcpt,
    const char *action, const char *text)
{
	const struct recipient_verdict *v = &s->verdicts[rcpt->group];
	struct subject subject = s->visit->subject;

	subject.recipient = rcpt->address;
	if (v->note != NULL)
		content_action_log(
		    &subject, action, v->note->part, v->note->input, text);
	else
		content_action_log(
		    &subject, action, "mime-error", v->text, text);
}

/* What has become of one that does not want it, or of whom a table has decided. */
static void
tell(const struct settling *s, const struct milterd_rcpt *rcpt,
    const struct recipient_verdict *v)
{
	static const char *const fates[] = {
		[RECIPIENT_TAKEN] = "taken",
		[RECIPIENT_REFUSED] = "refused",
		[RECIPIENT_HELD] = "held",
		[RECIPIENT_DISCARDED] = "discarded",
		[RECIPIENT_REDIRECTED] = "redirected",
	};
	static const char *const names[] = {
		[RECIPIENT_TAKEN] = "info",
		[RECIPIENT_REFUSED] = "reject",
		[RECIPIENT_HELD] = "hold",
		[RECIPIENT_DISCARDED] = "discard",
		[RECIPIENT_REDIRECTED] = "redirect",
	};

	if (v->code != 0)
		log_recipient(s, rcpt, "reject",
		    arena_printf(s->visit->mail, "%s %s; %s", v->dsn, v->text,
			fates[v->fate]));
	else
		log_recipient(s, rcpt, names[v->fate],
		    v->note != NULL ? v->note->answer : "");
}

/* One recipient, when others have the message, too. */
static void
apply(struct settling *s, const struct milterd_rcpt *rcpt)
{
	struct recipient_verdict v = s->verdicts[rcpt->group];

	if (v.code != 0)
		recipient_content_settle(&v);
	switch (v.fate) {
	case RECIPIENT_TAKEN:
	case RECIPIENT_REFUSED:
		return;
	case RECIPIENT_HELD:
		/* There is only one copy to be kept back. */
		s->outcome->hold = arena_printf(s->visit->mail,
		    "held for %s, and with it for all", rcpt->address);
		break;
	case RECIPIENT_DISCARDED:
		take_away(s, rcpt);
		break;
	case RECIPIENT_REDIRECTED:
		take_away(s, rcpt);
		add(s, v.redirect);
		break;
	}
	tell(s, rcpt, &v);
}

/* True: their classes refuse it, for all of them. */
static bool
ask_recipients(struct settling *s, const struct recipient_verdict **refusal)
{
	struct milterd_visit *v = s->visit;
	const struct recipient_content *rc = v->message.recipients;
	struct recipient_sum sum = { 0 };
	unsigned n = rc != NULL ? recipient_content_groups(rc) : 0;

	if (n == 0 || v->nrcpts == 0)
		return false;
	s->verdicts = arena_alloc(v->mail, n * sizeof *s->verdicts);
	for (unsigned i = 0; i < n; i++)
		recipient_content_verdict(rc, i, &s->verdicts[i]);
	for (size_t i = 0; i < v->nrcpts; i++)
		recipient_content_sum(&sum, &s->verdicts[v->rcpts[i].group]);
	*refusal = recipient_content_refusal(
	    &sum, stage_soft_bounce(v->shared->door->base->rules));
	if (*refusal == NULL)
		return false;
	for (size_t i = 0; i < v->nrcpts; i++) {
		const struct recipient_verdict *one =
		    &s->verdicts[v->rcpts[i].group];

		if (one->code != 0)
			log_recipient(s, &v->rcpts[i], "reject",
			    arena_printf(
				v->mail, "%s %s", one->dsn, one->text));
	}
	return true;
}

/* Where it goes, and what is kept back: REDIRECT is for all recipients. */
static void
direct(struct settling *s)
{
	struct milterd_visit *v = s->visit;
	const struct effect *hold = find(s, EFFECT_HOLD);
	const struct effect *redirect = find(s, EFFECT_REDIRECT);

	if (hold != NULL)
		s->outcome->hold = hold->text != NULL && *hold->text != '\0'
		    ? hold->text
		    : "triggers HOLD action";
	for (size_t i = 0; i < v->nrcpts; i++) {
		if (redirect != NULL)
			take_away(s, &v->rcpts[i]);
		else if (s->verdicts != NULL)
			apply(s, &v->rcpts[i]);
	}
	if (redirect != NULL)
		add(s, redirect->text);
	for (size_t i = 0; i < 2; i++)
		for (const struct effect *e = s->lists[i]; e != NULL;
		     e = e->next)
			if (e->kind == EFFECT_BCC)
				add(s, e->text);
	if (find(s, EFFECT_FILTER) != NULL)
		untold(s,
		    arena_printf(
			v->mail, "FILTER %s", find(s, EFFECT_FILTER)->text));
}

static size_t
count_effects(const struct settling *s)
{
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		for (const struct effect *e = s->lists[i]; e != NULL;
		     e = e->next)
			n++;
	return n;
}

enum milterd_answer
milterd_settle(struct milterd_visit *v, struct milterd_outcome *outcome)
{
	const struct content_verdict *content = &v->message.verdict;
	struct settling s = { .visit = v,
		.outcome = outcome,
		.lists = { v->effects, content->effects } };
	const struct recipient_verdict *refusal;
	size_t most = v->nrcpts + count_effects(&s);

	if (content->code != 0)
		return refuse(v, content->code, content->dsn, content->text);
	if (find(&s, EFFECT_DISCARD) != NULL)
		return MILTERD_DISCARD;
	if (find(&s, EFFECT_REDIRECT) == NULL && ask_recipients(&s, &refusal))
		return refuse(v, refusal->code, refusal->dsn, refusal->text);
	outcome->remove = arena_alloc(v->mail, (most + 1) * sizeof(char *));
	outcome->add = arena_alloc(v->mail, (most + 1) * sizeof(char *));
	direct(&s);
	/* A message for nobody is none. */
	if (v->nrcpts > 0 && outcome->nremove == v->nrcpts &&
	    outcome->nadd == 0)
		return MILTERD_DISCARD;
	return MILTERD_CONTINUE;
}
