/* smtp_mail.c - see smtp_mail.h. */
#include "delivery/smtp_mail.h"

#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/stream.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_data.h"
#include "delivery/smtp_envelope.h"
#include "delivery/smtp_generic.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_xforward.h"
#include "delivery/transport.h"

/* Recipients whose commands are sent before their replies are read: few enough
 * for any pair of socket buffers (RFC 2920, 3.1). */
enum { GROUP = 100 };

/* One message over one session. */
struct mail {
	struct smtp_run *run;
	struct smtp_session *s;
	struct delivery *d;
	struct arena *arena;
	struct smtp_names names;
	size_t *rcpts; /* those that take part, by index in the job */
	size_t count;
	bool *accepted; /* of rcpts[i]: RCPT was answered with 2xx */
	size_t naccepted;
	bool keep;    /* the session is to be used again */
	bool begun;   /* MAIL was sent */
	bool ahead;   /* DATA goes with the last RCPT */
	bool refused; /* MAIL was */
	bool data;    /* the end of the data was sent */
	bool stale;   /* the server had left before we said anything */
};

/* ${rcpt} will not be taken by this server.  On a soft failure the next one is
 * tried, if there is one. */
static void
fail_one(struct smtp_run *run, const struct smtp_session *s, size_t rcpt,
    const struct smtp_why *why)
{
	bool hard = smtp_why_hard(why);
	struct delivery_end end = { .status = hard ? JOB_BOUNCED : JOB_DEFERRED,
		.dsn = why->dsn,
		.text = why->text,
		.relay = s->relay,
		.remote = why->remote,
		.diagnostic = why->diagnostic,
		.number = s->number,
		.uses = s->uses };

	run->why = *why;
	run->why_relay = arena_strdup(run->delivery->arena, s->relay);
	run->why_number = s->number;
	if (hard || run->final)
		delivery_end(run->delivery, rcpt, &end);
}

/* What decides nothing is logged all the same. */
static void
note_soft(const struct smtp_run *run, const struct smtp_session *s,
    const struct smtp_why *why)
{
	struct event_by by = smtp_session_by(s);

	if (!smtp_why_hard(why) && !run->final)
		event(
		    &delivery_events_unreachable, &by, "text", why->text, NULL);
}

void
smtp_mail_fail(struct smtp_run *run, const struct smtp_session *s,
    const struct smtp_why *why)
{
	struct smtp_why soft = *why;

	note_soft(run, s, why);
	if (run->delivery->once != NULL && !run->delivery->once->probe) {
		/* It has said nothing about the message. */
		smtp_why_soften(&soft, run->delivery->arena);
		why = &soft;
	}
	for (size_t i = 0; i < run->delivery->job->nrcpts; i++)
		if (!run->delivery->decided[i])
			fail_one(run, s, i, why);
}

/* All that have not failed yet fail for ${why}. */
static void
fail_all(struct mail *m, const struct smtp_why *why)
{
	if (m->naccepted > 0)
		note_soft(m->run, m->s, why);
	for (size_t i = 0; i < m->count; i++) {
		if (!m->accepted[i])
			continue;
		m->accepted[i] = false;
		fail_one(m->run, m->s, m->rcpts[i], why);
	}
	m->naccepted = 0;
}

static void
said(struct mail *m, const char *command, struct smtp_why *why)
{
	smtp_dialogue_failed(&m->s->dialogue, m->s->reply.code);
	smtp_why_reply(why, m->arena, m->s->host, &m->s->reply,
	    arena_printf(m->arena, "host %s said: ", m->s->peer),
	    arena_printf(m->arena, " (in reply to %s)", command));
}

static bool
read_reply(struct mail *m, int64_t limit, const char *doing)
{
	struct smtp_why why;

	if (smtp_session_read(m->s, limit, doing, m->arena, &why))
		return true;
	fail_all(m, &why);
	return false;
}

/* The first answer over a session that was kept: the server may have hung up
 * meanwhile, which is not the fault of this message. */
static bool
read_mail(struct mail *m)
{
	bool kept = m->s->uses > 1;
	struct smtp_why why;

	if (!smtp_session_read(m->s, m->run->client->mail_timeout,
		"sending MAIL FROM", m->arena, &why)) {
		m->stale = kept;
		if (!kept)
			fail_all(m, &why);
		return false;
	}
	if (kept && m->s->reply.code == 421) {
		m->stale = m->s->broken = true;
		return false;
	}
	if (m->s->reply.code / 100 == 2)
		return true;
	m->refused = true;
	said(m, "MAIL FROM command", &why);
	fail_all(m, &why);
	return true;
}

static bool
read_rcpt(struct mail *m, size_t i)
{
	struct smtp_why why;

	if (!read_reply(m, m->run->client->rcpt_timeout, "sending RCPT TO"))
		return false;
	if (m->s->reply.code / 100 == 2 || m->refused)
		return true;
	said(m, "RCPT TO command", &why);
	note_soft(m->run, m->s, &why);
	fail_one(m->run, m->s, m->rcpts[i], &why);
	m->accepted[i] = false;
	m->naccepted--;
	return true;
}

/* All or none, where the others can still go into the queue with it. */
static bool
stop_if_refused(struct mail *m)
{
	struct delivery_once *once = m->d->once;

	if (once == NULL || once->probe || m->naccepted == m->count ||
	    m->refused)
		return false;
	once->stopped = true;
	return !m->ahead;
}

/* MAIL and RCPT, a group at a time if the server does pipelining, the last
 * one with DATA.  False: that was all. */
static bool
send_envelope(struct mail *m)
{
	bool pipe = (m->s->features & SMTP_PIPELINING) != 0;
	size_t group = pipe ? GROUP : 1, start = 0, end;

	m->begun = true;
	smtp_envelope_mail(m->s, m->d, &m->names, m->arena);
	if (!pipe && (!read_mail(m) || m->refused))
		return !m->s->broken;
	for (; start < m->count; start = end) {
		end = m->count - start > group ? start + group : m->count;
		for (size_t i = start; i < end; i++)
			smtp_envelope_rcpt(
			    m->s, m->d, &m->names, m->rcpts[i], m->arena);
		if (m->ahead && end == m->count)
			smtp_session_say(m->s, "DATA");
		if (pipe && start == 0 && !read_mail(m))
			return false;
		for (size_t i = start; i < end; i++)
			if (!read_rcpt(m, i))
				return false;
	}
	if (stop_if_refused(m) ||
	    (delivery_is_probe(m->d) && !m->run->client->probe_data))
		return false;
	if (!m->ahead && m->naccepted > 0)
		smtp_session_say(m->s, "DATA");
	return true;
}

/* Take leave with what is said last, without waiting for the answer to it. */
static void
quit_ahead(const struct mail *m)
{
	if (m->keep || (m->s->features & SMTP_PIPELINING) == 0)
		return;
	smtp_session_say(m->s, "QUIT");
	m->s->quit = true;
}

/* A server that takes data for nobody gets an end of data and nothing else
 * (RFC 2920, 3.1). */
static bool
send_nothing(struct mail *m)
{
	struct smtp_why why;

	smtp_session_say(m->s, ".");
	m->data = true;
	quit_ahead(m);
	return smtp_session_read(m->s, m->run->client->data_done_timeout,
	    "sending end of data -- message may be sent more than once",
	    m->arena, &why);
}

/* Read the answer to DATA.  True: the message may follow. */
static bool
read_data(struct mail *m)
{
	struct smtp_why why;

	if (m->naccepted == 0 && !m->ahead)
		return false;
	if (!read_reply(
		m, m->run->client->data_init_timeout, "sending DATA command"))
		return false;
	if (m->s->reply.code / 100 != 3) {
		if (m->naccepted > 0) {
			said(m, "DATA command", &why);
			fail_all(m, &why);
		}
		return false;
	}
	if (m->naccepted == 0) {
		(void)send_nothing(m);
		return false;
	}
	/* Nothing may follow but the message. */
	if (delivery_is_probe(m->d)) {
		m->s->broken = true;
		return false;
	}
	if (smtp_session_quiet(m->s, "sending message body", m->arena, &why))
		return true;
	fail_all(m, &why);
	return false;
}

static bool
send_body(struct mail *m)
{
	struct smtp_why why;

	if (!smtp_data_send(m->d, m->s, m->arena, &why)) {
		fail_all(m, &why);
		return false;
	}
	quit_ahead(m);
	return true;
}

/* Who tells the sender that asks to be told. */
static enum job_report
reporter(const struct mail *m)
{
	const struct smtp_client *c = m->run->client;

	if ((m->s->features & SMTP_DSN) != 0)
		return JOB_REPORT_PASSED;
	return c->lmtp && c->transport->params.lmtp_assume_final
	    ? JOB_REPORT_DELIVERED
	    : JOB_REPORT_RELAYED;
}

static void
sent(struct mail *m, size_t rcpt)
{
	struct buf flat = { 0 };
	struct delivery_end end = { .status = JOB_SENT,
		.report = reporter(m),
		/* 354 has none. */
		.dsn = m->s->reply.dsn[0] != '\0' ? m->s->reply.dsn : "2.0.0",
		.relay = m->s->relay,
		.remote = arena_printf(m->arena, "dns; %s", m->s->host),
		.number = m->s->number,
		.uses = m->s->uses };

	smtp_reply_flat(&m->s->reply, &flat);
	end.text = buf_str(&flat);
	end.diagnostic = arena_printf(m->arena, "smtp; %s", end.text);
	delivery_end(m->d, rcpt, &end);
	buf_free(&flat);
}

/* It may have been taken, or not: no other server gets it from here. */
static void
doubt(struct mail *m)
{
	struct delivery_once *once = m->d->once;

	if (once != NULL)
		once->in_doubt = once->stopped = true;
}

/* The answer to the end of data: one for all, or with LMTP one for each
 * recipient that was accepted.  Only a 2xx counts as delivered. */
static void
read_done(struct mail *m)
{
	const char *doing =
	    "sending end of data -- message may be sent more than once";
	bool lmtp = m->run->client->lmtp, first = true, fresh;
	struct smtp_why why;

	for (size_t i = 0; i < m->count; i++) {
		if (!m->accepted[i])
			continue;
		fresh = first || lmtp;
		if (fresh &&
		    !read_reply(m, m->run->client->data_done_timeout, doing)) {
			doubt(m);
			return;
		}
		first = false;
		if (m->s->reply.code / 100 == 2) {
			sent(m, m->rcpts[i]);
		} else {
			said(m, "end of DATA command", &why);
			if (fresh)
				note_soft(m->run, m->s, &why);
			fail_one(m->run, m->s, m->rcpts[i], &why);
		}
		m->accepted[i] = false;
	}
	m->data = true;
	/* More replies than questions: do not trust the next ones. */
	if (!m->s->quit && stream_pending(m->s->stream) > 0)
		m->s->broken = true;
}

/* The last reply was the one that a probe is about. */
static void
would_take(struct mail *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->accepted[i] && !m->stale)
			sent(m, m->rcpts[i]);
}

/* Leave a session without a transaction. */
static void
reset(struct mail *m)
{
	struct smtp_why why;

	if (m->s->broken)
		return;
	smtp_session_say(m->s, "RSET");
	quit_ahead(m);
	if (!smtp_session_read(m->s, m->run->client->rset_timeout,
		"sending final RSET", m->arena, &why) ||
	    m->s->reply.code / 100 != 2)
		m->s->broken = true;
}

static void
collect(struct mail *m)
{
	size_t n = m->d->job->nrcpts;

	m->rcpts = arena_alloc(m->arena, (n + 1) * sizeof m->rcpts[0]);
	m->accepted = arena_alloc(m->arena, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (m->d->decided[i])
			continue;
		m->accepted[m->count] = true;
		m->rcpts[m->count++] = i;
	}
	m->naccepted = m->count;
	m->ahead = (m->s->features & SMTP_PIPELINING) != 0 &&
	    !delivery_is_probe(m->d) && (m->d->once == NULL || m->count == 1);
}

/* Of a message that is not in the queue nobody else tells its sender that it
 * was delivered. */
static bool
reports(struct mail *m)
{
	struct delivery_once *once = m->d->once;
	unsigned wanted = 0;
	struct smtp_why why;

	for (size_t i = 0; i < m->count; i++)
		wanted |= m->d->job->rcpts[m->rcpts[i]].notify;
	if (once == NULL || (wanted & ENVELOPE_NOTIFY_SUCCESS) == 0 ||
	    (m->s->features & SMTP_DSN) != 0)
		return true;
	once->stopped = true;
	smtp_why_set(&why, m->arena, "4.3.0",
	    "host %s does not send the notices that are asked for", m->s->peer);
	fail_all(m, &why);
	return false;
}

/* False: it is stale. */
static bool
send_mail(struct mail *m)
{
	struct smtp_session *s = m->s;
	struct smtp_why why;

	if (!reports(m))
		return true;
	if (!smtp_envelope_check(s, m->d, m->arena, &why) ||
	    !smtp_generic_names(m->run->client, m->d, &m->names, &why)) {
		fail_all(m, &why);
		return true;
	}
	if (m->run->client->send_xforward_command && s->xforward != 0 &&
	    !smtp_xforward_send(s, &m->d->content.envelope, m->arena, &why)) {
		m->stale = s->uses > 1;
		if (!m->stale)
			fail_all(m, &why);
	} else if (send_envelope(m) && read_data(m) && send_body(m)) {
		read_done(m);
	}
	if (delivery_is_probe(m->d))
		would_take(m);
	return !m->stale;
}

bool
smtp_mail_send(struct smtp_run *run, struct smtp_session *s, bool keep)
{
	struct delivery_once *once = run->delivery->once;
	struct mail m = { .run = run,
		.s = s,
		.d = run->delivery,
		.arena = run->delivery->arena,
		.keep = keep };

	s->uses++;
	collect(&m);
	if (!send_mail(&m))
		return false;
	if (once != NULL)
		once->lost = s->broken || s->reply.code == 421;
	if (m.begun && !m.data)
		reset(&m);
	return true;
}
