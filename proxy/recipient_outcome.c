/* recipient_outcome.c - see recipient_outcome.h. */
#include "proxy/recipient_outcome.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "checks/content_action.h"
#include "checks/content_verdict.h"
#include "classes/recipient_content.h"
#include "classes/stage.h"
#include "proxy/answers.h"
#include "proxy/mail.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/trace_log.h"

/* All of the message goes nowhere, or elsewhere, whoever it is for. */
static bool
is_out_of_hand(const struct mail *mail)
{
	const struct effect *lists[] = { mail->effects,
		mail->message.verdict.effects };

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (const struct effect *e = lists[i]; e != NULL; e = e->next)
			if (e->kind == EFFECT_DISCARD ||
			    e->kind == EFFECT_REDIRECT)
				return true;
	return false;
}

static void
set_verdicts(struct mail *mail)
{
	unsigned n = recipient_content_groups(mail->recipients);
	struct recipient_verdict *all =
	    arena_alloc(mail->arena, n * sizeof *all);

	for (unsigned i = 0; i < n; i++)
		recipient_content_verdict(mail->recipients, i, &all[i]);
	for (size_t i = 0; i < mail->nrcpts; i++)
		mail->rcpts[i].verdict = &all[mail->rcpts[i].group];
}

static bool
refuses(const struct mail_rcpt *rcpt)
{
	return rcpt->verdict != NULL && rcpt->verdict->code != 0;
}

static const char *
reply_of(struct mail *mail, const struct recipient_verdict *v)
{
	return arena_printf(mail->arena, "%d %s %s", v->code, v->dsn, v->text);
}

/* "reject: body buy pills from ...: 5.7.1 no pills" */
static void
log_as(struct session *s, const struct mail_rcpt *rcpt, const char *action,
    const char *text)
{
	const struct content_note *note = rcpt->verdict->note;
	struct subject subject = s->subject;

	subject.arena = session_arena(s);
	subject.recipient = rcpt->address;
	if (note != NULL)
		content_action_log(
		    &subject, action, note->part, note->input, text);
	else
		content_action_log(
		    &subject, action, "mime-error", rcpt->verdict->text, text);
}

/* One that has refused it says so to the client, or the message is refused. */
static void
tell_refusal(struct session *s, const struct mail_rcpt *rcpt)
{
	log_as(s, rcpt, "reject",
	    arena_printf(session_arena(s), "%s %s", rcpt->verdict->dsn,
		rcpt->verdict->text));
	trace_log_recipient(s, rcpt, reply_of(s->mail, rcpt->verdict));
}

/* Each recipient answers for itself; true: all refuse. */
static bool
answer_each(struct session *s)
{
	struct mail *mail = s->mail;
	size_t refusals = 0;

	for (size_t i = 0; i < mail->nrcpts; i++) {
		if (!refuses(&mail->rcpts[i]))
			continue;
		answers_set(mail, i, reply_of(mail, mail->rcpts[i].verdict));
		tell_refusal(s, &mail->rcpts[i]);
		refusals++;
	}
	return refusals == mail->nrcpts && !answers_settle(s);
}

bool
recipient_outcome_refuse(struct session *s, const char **reply)
{
	struct mail *mail = s->mail;
	const struct recipient_verdict *refusal;
	struct recipient_sum sum = { 0 };

	*reply = NULL;
	/* The end of a message may be judged twice, as commands may. */
	if (mail->recipients == NULL || mail->rcpts[0].verdict != NULL ||
	    is_out_of_hand(mail))
		return false;
	set_verdicts(mail);
	if (answers_each(s))
		return answer_each(s);
	for (size_t i = 0; i < mail->nrcpts; i++)
		recipient_content_sum(&sum, mail->rcpts[i].verdict);
	refusal = recipient_content_refusal(
	    &sum, stage_soft_bounce(s->service->rules));
	if (refusal == NULL)
		return false;
	for (size_t i = 0; i < mail->nrcpts; i++)
		if (refuses(&mail->rcpts[i]))
			tell_refusal(s, &mail->rcpts[i]);
	*reply = reply_of(mail, refusal);
	return true;
}

/* The words behind the action of an answer. */
static const char *
words_of(const struct content_note *note)
{
	const char *words = note->answer + strcspn(note->answer, " ");

	return words + strspn(words, " ");
}

/* What main.cf says for who refuses what others take. */
static void
apply_refusal(struct mail *mail, struct mail_rcpt *rcpt)
{
	struct recipient_verdict *v = arena_alloc(mail->arena, sizeof *v);

	*v = *rcpt->verdict;
	recipient_content_settle(v);
	rcpt->verdict = v;
}

void
recipient_outcome_apply(struct session *s)
{
	struct mail *mail = s->mail;

	for (size_t i = 0; i < mail->nrcpts; i++)
		if (refuses(&mail->rcpts[i]) &&
		    !answers_refuses(&mail->rcpts[i]))
			apply_refusal(mail, &mail->rcpts[i]);
}

/* What has become of one that has refused it. */
static const char *
outcome_of(struct arena *arena, const struct recipient_verdict *v)
{
	if (v->fate == RECIPIENT_REDIRECTED)
		return arena_printf(arena, "redirected to %s", v->redirect);
	return v->fate == RECIPIENT_HELD ? "held" : "discarded";
}

static void
tell(struct session *s, const struct mail_rcpt *rcpt)
{
	static const char *const names[] = { [RECIPIENT_HELD] = "hold",
		[RECIPIENT_DISCARDED] = "discard",
		[RECIPIENT_REDIRECTED] = "redirect" };
	const struct recipient_verdict *v = rcpt->verdict;
	struct arena *arena = s->mail->arena;
	const char *outcome;

	if (v->fate == RECIPIENT_TAKEN) {
		trace_log_recipient(s, rcpt, "pass");
	} else if (v->code != 0) {
		outcome = outcome_of(arena, v);
		log_as(s, rcpt, "reject",
		    arena_printf(arena, "%s %s; %s", v->dsn, v->text, outcome));
		trace_log_recipient(s, rcpt,
		    arena_printf(
			arena, "%s: %s", outcome, reply_of(s->mail, v)));
	} else {
		/* An answer of a table that took place. */
		log_as(s, rcpt, names[v->fate], words_of(v->note));
		trace_log_recipient(s, rcpt, v->note->answer);
	}
}

void
recipient_outcome_tell(struct session *s)
{
	struct mail *mail = s->mail;

	for (size_t i = 0; i < mail->nrcpts; i++)
		if (mail->rcpts[i].verdict != NULL &&
		    !answers_refuses(&mail->rcpts[i]))
			tell(s, &mail->rcpts[i]);
}
