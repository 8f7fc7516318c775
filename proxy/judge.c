/* judge.c - see judge.h. */
#include "proxy/judge.h"

#include "base/arena.h"
#include "checks/effect.h"
#include "proxy/answers.h"
#include "proxy/conduct_log.h"
#include "proxy/mail.h"
#include "proxy/postmaster.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/trace_log.h"

static void
refuse(struct session *s, enum stage stage, const struct verdict *verdict)
{
	const char *reply = arena_printf(session_arena(s), "%d %s %s",
	    verdict->code, verdict->dsn, verdict->text);

	s->refusal = reply;
	if (stage == STAGE_END)
		answers_give(s, reply);
	else
		session_reply(s, "%s", reply);
	/* Every command is refused from now on, as Postfix does. */
	if (stage == STAGE_CONNECT)
		s->access_denied = arena_strdup(s->facts, reply);
	if (verdict->hangup)
		s->hangup = true;
}

static void
take_effects(struct session *s, const struct effect *effects)
{
	for (const struct effect *e = effects; e != NULL; e = e->next) {
		if (e->kind == EFFECT_SLEEP)
			session_pause(s, e->number);
		else if (s->mail != NULL)
			mail_add_effect(s->mail, e);
	}
}

enum smtp_command_result
judge_stage(struct session *s, enum stage stage)
{
	struct verdict verdict = { 0 };

	s->subject.arena = session_arena(s);
	s->subject.pipelined = s->pipelined;
	stage_run(s->service->rules, stage, &s->subject, &s->state, &verdict);
	if (verdict.again)
		return SMTP_COMMAND_AGAIN;
	conduct_log_stage(s, stage, &verdict);
	/* A recipient that passes gives the message its name first. */
	s->passed = verdict.pass && stage == STAGE_RCPT ? verdict.trace : NULL;
	if (s->passed == NULL)
		trace_log_add(s, &verdict);
	s->classes = stage == STAGE_RCPT ? verdict.classes : "";
	if (stage == STAGE_DATA && s->mail != NULL)
		s->mail->classes =
		    arena_strdup(s->mail->arena, verdict.classes);
	take_effects(s, verdict.effects);
	postmaster_judged(s, &verdict);
	if (verdict.pass)
		return SMTP_COMMAND_DONE;
	refuse(s, stage, &verdict);
	return SMTP_COMMAND_FAILED;
}
