/* policy_answer.c - see policy_answer.h. */
#include "policy/policy_answer.h"

#include <string.h>

#include "base/arena.h"
#include "checks/note.h"
#include "checks/subject.h"
#include "policy/policy_events.h"
#include "policy/policy_leftover.h"

/* What can be asked to be done with a message, what matters most first: what
 * keeps it back, then where it goes, then what is written into it. */
/* clang-format off */
static const struct { enum effect_kind kind; const char *action; } actions[] = {
	{ EFFECT_DISCARD,  "DISCARD" },
	{ EFFECT_HOLD,     "HOLD" },
	{ EFFECT_REDIRECT, "REDIRECT" },
	{ EFFECT_FILTER,   "FILTER" },
	{ EFFECT_BCC,      "BCC" },
	{ EFFECT_PREPEND,  "PREPEND" },
};
/* clang-format on */

enum { ACTIONS = sizeof actions / sizeof actions[0], KEEPING = 2 };

/* "ACTION text", which stays one line whatever stands in a table. */
static char *
line(struct arena *arena, const char *action, const char *text)
{
	char *all = text != NULL && *text != '\0'
	    ? arena_printf(arena, "%s %s", action, text)
	    : arena_strdup(arena, action);

	for (char *p = all; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			*p = ' ';
	return all;
}

/* What Postfix puts in front of the text of a policy server itself. */
static const char *
preface(enum stage stage, const struct subject *s)
{
	const char *name = NULL, *class = "";

	switch (stage) {
	case STAGE_CONNECT:
		name = note_client(s);
		class = "Client host";
		break;
	case STAGE_HELO:
		name = s->helo;
		class = "Helo command";
		break;
	case STAGE_MAIL:
		name = s->sender;
		class = "Sender address";
		break;
	case STAGE_RCPT:
	case STAGE_VRFY:
		name = s->recipient;
		class = "Recipient address";
		break;
	case STAGE_DATA:
		name = "DATA";
		class = "Data command";
		break;
	case STAGE_END:
		name = "END-OF-MESSAGE";
		class = "End-of-data";
		break;
	case STAGE_ETRN:
		name = s->etrn_domain;
		class = "Etrn command";
		break;
	}
	return arena_printf(
	    s->arena, "<%s>: %s rejected: ", name != NULL ? name : "", class);
}

/* ${text} without that. */
static const char *
bare(enum stage stage, const struct subject *s, const char *text)
{
	const char *front = preface(stage, s);
	size_t n = strlen(front);

	return strncmp(text, front, n) == 0 ? text + n : text;
}

static const char *
refusal(const struct verdict *v, enum stage stage, const struct subject *s)
{
	/* What others find may still be worse, unless a refusal is to be none,
	 * too. */
	return line(s->arena,
	    v->deferral && v->if_reject == NULL
		? arena_printf(s->arena, "DEFER_IF_PERMIT %s", v->dsn)
		: arena_printf(s->arena, "%d %s", v->code, v->dsn),
	    bare(stage, s, v->text));
}

/* The last one of a kind counts, and of headers the first. */
static const struct effect *
find(const struct verdict *v, enum effect_kind kind)
{
	const struct effect *found = NULL;

	for (const struct effect *e = v->effects; e != NULL; e = e->next)
		if (e->kind == kind &&
		    (found == NULL || kind != EFFECT_PREPEND))
			found = e;
	return found;
}

/* What has no room in this answer. */
static void
leave(const struct verdict *v, const struct effect *told, unsigned i,
    const struct subject *s, struct policy_leftovers *left)
{
	const char *action;

	for (const struct effect *e = v->effects; e != NULL; e = e->next) {
		if (e->kind != actions[i].kind || e == told ||
		    (e->kind != EFFECT_PREPEND &&
			e != find(v, actions[i].kind)))
			continue;
		action = line(s->arena, actions[i].action, e->text);
		if (left == NULL ||
		    !policy_leftover_put(left, s->instance, action))
			event(&policy_events_untold, s->by, "client",
			    note_client(s), "action", action, NULL);
	}
}

static const char *
act(const struct verdict *v, const struct subject *s,
    struct policy_leftovers *left)
{
	const struct effect *e, *told = NULL;
	const char *answer = NULL;

	for (unsigned i = 0; i < ACTIONS; i++) {
		if (i == KEEPING && answer == NULL)
			answer = v->elsewhere;
		e = find(v, actions[i].kind);
		if (e != NULL && answer == NULL) {
			answer = line(s->arena, actions[i].action, e->text);
			told = e;
		}
		if (e != NULL)
			leave(v, told, i, s, left);
	}
	return answer;
}

/* What has waited for a request like this one. */
static const char *
catch_up(
    enum stage stage, const struct subject *s, struct policy_leftovers *left)
{
	if (left == NULL || s->sender == NULL ||
	    (stage != STAGE_RCPT && stage != STAGE_DATA && stage != STAGE_END))
		return NULL;
	return policy_leftover_take(
	    left, s->arena, s->instance, stage != STAGE_END);
}

const char *
policy_answer(const struct verdict *verdict, enum stage stage,
    const struct subject *subject, struct policy_leftovers *left)
{
	const char *answer;

	if (!verdict->pass)
		return refusal(verdict, stage, subject);
	answer = act(verdict, subject, left);
	if (answer != NULL)
		return answer;
	if (verdict->if_reject != NULL)
		return line(subject->arena,
		    arena_printf(subject->arena, "DEFER_IF_REJECT %s",
			verdict->if_reject_dsn),
		    bare(stage, subject, verdict->if_reject));
	if (verdict->written)
		return "OK";
	answer = catch_up(stage, subject, left);
	return answer != NULL ? answer : "DUNNO";
}

int64_t
policy_answer_pause(const struct verdict *verdict)
{
	int64_t all = 0;

	for (const struct effect *e = verdict->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_SLEEP)
			all += e->number;
	return all;
}
