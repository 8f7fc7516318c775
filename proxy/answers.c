/* answers.c - see answers.h. */
#include "proxy/answers.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "proxy/mail.h"
#include "proxy/postmaster.h"
#include "proxy/reject_reply.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

bool
answers_each(const struct session *s)
{
	return s->mail != NULL && (s->mail->prdr || s->service->lmtp);
}

void
answers_set(struct mail *mail, size_t i, const char *reply)
{
	must(i < mail->nrcpts);
	mail->rcpts[i].answer =
	    reply != NULL ? arena_strdup(mail->arena, reply) : NULL;
}

bool
answers_refuses(const struct mail_rcpt *rcpt)
{
	return rcpt->answer != NULL && rcpt->answer[0] >= '4';
}

/* Now, as the tables that refusals are looked up in may block. */
static void
make_ready(struct session *s, struct mail_rcpt *rcpt)
{
	struct buf wire = { 0 };

	s->subject.arena = session_arena(s);
	(void)reject_reply_put(
	    s->service, &s->subject, s->away, rcpt->answer, &wire);
	rcpt->wire = arena_strdup(s->mail->arena, buf_str(&wire));
	buf_free(&wire);
}

bool
answers_settle(struct session *s)
{
	struct mail *mail = s->mail;
	size_t refusals = 0;

	for (size_t i = 0; i < mail->nrcpts; i++)
		if (answers_refuses(&mail->rcpts[i])) {
			must(answers_each(s));
			make_ready(s, &mail->rcpts[i]);
			refusals++;
		}
	return refusals < mail->nrcpts;
}

static void
give_own(struct session *s, const struct mail_rcpt *rcpt)
{
	const char *wire = rcpt->wire;
	size_t at = s->out.len;

	if (wire == NULL) {
		session_add_reply(s, rcpt->answer);
		return;
	}
	buf_puts(&s->out, wire);
	postmaster_out(s, at);
	if (strncmp(wire, "421", 3) == 0 || strncmp(wire, "521", 3) == 0)
		s->hangup = true;
}

/* What the recipient says counts more than ${common}, which may be NULL if it
 * refuses. */
static bool
own_counts(const struct mail_rcpt *rcpt, const char *common)
{
	if (answers_refuses(rcpt))
		return common == NULL || common[0] != '5';
	must(common != NULL);
	return rcpt->answer != NULL && common[0] == '2';
}

/* For the whole message, where each recipient has refused it for itself. */
static const char *
summary(const struct mail *mail)
{
	for (size_t i = 0; i < mail->nrcpts; i++)
		if (mail->rcpts[i].answer[0] == '4')
			return "450 4.7.1 Error: no recipient takes the "
			       "message now";
	return "550 5.7.1 Error: no recipient takes the message";
}

void
answers_give(struct session *s, const char *reply)
{
	const struct mail *mail = s->mail;

	session_delay(s);
	if (!answers_each(s)) {
		session_add_reply(s, reply);
		return;
	}
	if (mail->prdr)
		session_add_reply(s, "353 A reply for each recipient follows");
	for (size_t i = 0; i < mail->nrcpts; i++)
		if (own_counts(&mail->rcpts[i], reply))
			give_own(s, &mail->rcpts[i]);
		else
			session_add_reply(s, reply);
	if (mail->prdr)
		session_add_reply(s, reply != NULL ? reply : summary(mail));
}
