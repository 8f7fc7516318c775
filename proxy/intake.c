/* intake.c - see intake.h. */
#include "proxy/intake.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "proxy/hall.h"
#include "proxy/judge.h"
#include "proxy/mail.h"
#include "proxy/proxy_events.h"
#include "proxy/received.h"
#include "proxy/recipients.h"
#include "proxy/session.h"
#include "proxy/session_work.h"
#include "proxy/smtp_service.h"
#include "proxy/trace_log.h"
#include "queue/envelope.h"
#include "rules/route.h"

/* A number that no other message has, also after a restart and beside another
 * generation of this role: Postfix has the inode there. */
static uint64_t
message_number(void)
{
	static _Atomic uint64_t last;
	uint64_t now = (uint64_t)clock_now() / 1000, seen, next;

	seen = atomic_load_explicit(&last, memory_order_relaxed);
	do {
		next = now > seen ? now : seen + 1;
	} while (!atomic_compare_exchange_weak(&last, &seen, next));
	return (next ^ ((uint64_t)getpid() << 12)) & 0xffffffffu;
}

void
intake_open(struct session *s)
{
	struct session_forward *x = &s->forward;
	struct subject *f = &s->subject;
	char origin[1024];

	if (s->qid[0] != '\0')
		return;
	envelope_qid(s->mail->arrival, message_number(),
	    s->params->enable_long_queue_ids, s->qid);
	s->by.qid = f->queue_id = s->qid;
	if (x->name != NULL || x->addr != NULL)
		(void)snprintf(origin, sizeof origin, "%s[%s]",
		    x->name != NULL ? x->name : "unknown",
		    x->addr != NULL ? x->addr : "unknown");
	event(&proxy_events_client, &s->by, "client", s->client, "sasl_method",
	    f->sasl_method, "sasl_username", f->sasl_username, "sasl_sender",
	    f->sasl_sender, "orig_queue_id", x->ident, "orig_client",
	    x->name != NULL || x->addr != NULL ? origin : NULL, NULL);
}

void
intake_begin(struct session *s)
{
	enum smtp_service_newline newline = s->service->newline;

	s->body = (struct body){
		.loose = newline == SMTP_SERVICE_NEWLINE_ANY ||
		    newline == SMTP_SERVICE_NEWLINE_NOTE || s->newline_exempt,
		.keep_cr = !s->params->cleanup_replace_stray_cr_lf,
	};
	message_open(&s->mail->message, s, s->mail->arena);
	s->body_step = SESSION_BODY_READ;
}

static void
log_fault(struct session *s)
{
	const struct subject *f = &s->subject;
	struct event_by cleanup = {
		.program = "cleanup", .number = s->by.number, .qid = s->by.qid
	};

	if (s->mail->message.fault == MESSAGE_TOO_LARGE)
		event(&proxy_events_too_large, &s->by_itself, "queue_id",
		    s->qid, NULL);
	else
		event(&proxy_events_content, &cleanup, "action", "reject",
		    "what", "content", "client", s->client, "sender", f->sender,
		    "recipient", f->recipient, "protocol", f->protocol, "helo",
		    f->helo, "text", "5.7.1 disallowed character", NULL);
}

static bool
looping(const struct session *s)
{
	/* Our own Received: counts, too. */
	return s->mail->message.keep.hops + 1 >
	    (unsigned)s->params->hopcount_limit;
}

static void
log_hops(const struct session *s)
{
	char text[100];

	(void)snprintf(text, sizeof text,
	    "%s: message rejected: hopcount exceeded", s->qid);
	event(&proxy_events_trouble,
	    &(struct event_by){ .program = "cleanup", .number = s->by.number },
	    "text", text, NULL);
}

static void stored(void *arg, enum submit_result result, const char *why);

static void
drained(void *arg)
{
	struct session *s = arg;

	s->choked = false;
	session_wake(s);
}

bool
intake_decode(struct session *s, const char *data, size_t n, size_t *used)
{
	struct message *m = &s->mail->message;
	bool end;

	buf_reset(&s->mail->text);
	end = body_decode(&s->body, data, n, &s->mail->text, used) == BODY_END;
	if (s->body.nul && s->service->reject != NULL &&
	    s->service->reject[0] && m->fault == MESSAGE_OK)
		m->fault = MESSAGE_OCTETS;
	s->mail->whole = end;
	return end;
}

bool
intake_look_blocks(const struct session *s)
{
	return s->service->content_blocks;
}

void
intake_look(struct session *s)
{
	struct mail *mail = s->mail;

	if (mail->text.len > 0)
		message_feed(&mail->message, mail->text.data, mail->text.len);
	if (mail->whole)
		message_end(&mail->message);
}

void
intake_pass(struct session *s)
{
	struct mail *mail = s->mail;
	struct message *m = &mail->message;
	struct hall_store *store = &s->hall->store;

	if (m->fault != MESSAGE_OK || m->verdict.code != 0) {
		if (mail->submission != NULL)
			store->cancel(mail->submission);
		mail->submission = NULL;
		s->choked = false;
		buf_free(&m->keep.body);
		return;
	}
	if (mail->submission == NULL && (mail->whole || m->keep.body.len > 0))
		mail->submission =
		    store->begin(store->queue, stored, drained, s);
	if (m->keep.body.len > 0 &&
	    !store->body(mail->submission, m->keep.body.data, m->keep.body.len))
		s->choked = true;
	buf_reset(&m->keep.body);
}

bool
intake_blocks(const struct session *s)
{
	return s->service->replies_block ||
	    stage_blocks(s->service->rules, STAGE_END) ||
	    (route_flags(s->service->route) & TABLE_MAY_BLOCK) != 0;
}

/* A header line that a table or policy made: it stays one header. */
static void
put_line(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n' && (text[1] == ' ' || text[1] == '\t'))
			buf_puts(out, "\r\n");
		else if (*text == '\n' || *text == '\r')
			buf_putc(out, ' ');
		else
			buf_putc(out, *text);
	}
	buf_puts(out, "\r\n");
}

/* What a message must have and lacks, from the clients that we complete. */
static void
put_missing(struct session *s, struct buf *out)
{
	struct mail *mail = s->mail;
	struct keep *m = &mail->message.keep;
	time_t seconds = (time_t)(mail->arrival / CLOCK_SECOND);
	const char *undisclosed = s->params->undisclosed_recipients_header;
	char stamp[32];
	struct tm tm;
	bool complete =
	    s->subject.local_rewrite || s->params->always_add_missing_headers;

	if (complete && m->message_id == NULL) {
		(void)gmtime_r(&seconds, &tm);
		(void)strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &tm);
		mail->envelope->message_id = arena_printf(mail->arena,
		    "<%s.%s@%s>", stamp, s->qid, s->service->myhostname);
		buf_printf(
		    out, "Message-Id: %s\r\n", mail->envelope->message_id);
	}
	if (complete && !m->has_date) {
		buf_puts(out, "Date: ");
		received_date(mail->arrival, out);
		buf_puts(out, "\r\n");
	}
	if (complete && !m->has_from)
		buf_printf(out, "From: %s\r\n",
		    mail->sender[0] == '\0' ? "MAILER-DAEMON" : mail->sender);
	if (*undisclosed != '\0' && !m->has_rcpt)
		put_line(out, undisclosed);
}

static void
make_headers(struct session *s)
{
	struct mail *mail = s->mail;
	struct keep *m = &mail->message.keep;
	struct envelope *e = mail->envelope;
	struct buf out = { 0 };

	for (struct effect *x = mail->effects; x != NULL; x = x->next)
		if (x->kind == EFFECT_PREPEND)
			put_line(&out, x->text);
	received_put(s, &out);
	buf_put(&out, m->headers.data, m->headers.len);
	put_missing(s, &out);
	if (m->ended && !m->split)
		buf_puts(&out, "\r\n");
	/* The message's own buffer keeps it until the commit. */
	buf_free(&m->headers);
	m->headers = out;
	e->headers = out.data;
	e->nheaders = out.len;
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static void
fill_envelope(struct session *s)
{
	const struct subject *f = &s->subject;
	const struct session_forward *x = &s->forward;
	struct mail *mail = s->mail;
	struct envelope *e = mail->envelope;

	memcpy(e->qid, s->qid, sizeof e->qid);
	e->arrival = mail->arrival;
	e->envid = mail->envid;
	e->ret = mail->ret;
	e->utf8 = mail->utf8;
	e->eight_bit = mail->eight_bit;
	e->filter = s->params->content_filter;
	e->client_name = or_empty(x->name != NULL ? x->name : f->client_name);
	e->client_addr = or_empty(x->addr != NULL ? x->addr : f->client_addr);
	e->client_port = or_empty(x->addr != NULL ? x->port : f->client_port);
	e->helo = or_empty(x->helo != NULL ? x->helo : f->helo);
	e->protocol = x->protocol != NULL ? x->protocol : f->protocol;
	e->sasl_method = or_empty(f->sasl_method);
	e->sasl_username = or_empty(f->sasl_username);
	e->message_id = "";
	if (mail->message.keep.message_id != NULL)
		e->message_id =
		    arena_strdup(mail->arena, mail->message.keep.message_id);
	for (struct effect *x2 = mail->effects; x2 != NULL; x2 = x2->next) {
		if (x2->kind == EFFECT_FILTER)
			e->filter = x2->text;
		else if (x2->kind == EFFECT_HOLD)
			e->hold = true;
		else if (x2->kind == EFFECT_DISCARD)
			mail->discard = true;
	}
}

static void
fail(struct session *s, const char *reply)
{
	session_reply(s, "%s", reply);
	s->mail->envelope = NULL;
}

/* Faults of the content itself; true: it was refused. */
static bool
refuse_content(struct session *s)
{
	struct message *m = &s->mail->message;
	char reply[1024];

	if (s->body.bare_lf)
		s->bare_lf |= s->service->newline != SMTP_SERVICE_NEWLINE_ANY &&
		    !s->newline_exempt;
	if (s->body.bare_lf && !s->newline_exempt &&
	    s->service->newline == SMTP_SERVICE_NEWLINE_REJECT) {
		session_log_reject(s, "bare <LF> received");
		(void)snprintf(reply, sizeof reply,
		    "%d 5.5.2 %s Error: bare <LF> received",
		    (int)s->params->smtpd_forbid_bare_newline_reject_code,
		    s->service->myhostname);
		fail(s, reply);
		return true;
	}
	if (m->fault != MESSAGE_OK) {
		log_fault(s);
		fail(s,
		    m->fault == MESSAGE_TOO_LARGE
			? "552 5.3.4 Error: message file too big"
			: "550 5.7.1 disallowed character");
		return true;
	}
	if (looping(s)) {
		log_hops(s);
		fail(s, "554 5.4.0 Error: too many hops");
		return true;
	}
	if (m->verdict.code != 0) {
		(void)snprintf(reply, sizeof reply, "%d %s %s", m->verdict.code,
		    m->verdict.dsn, m->verdict.text);
		trace_log_message(s, reply);
		fail(s, reply);
		return true;
	}
	return false;
}

static void
take(struct session *s)
{
	char reply[128];

	(void)snprintf(
	    reply, sizeof reply, "250 2.0.0 Ok: queued as %s", s->qid);
	trace_log_message(s, reply);
	session_reply(s, "%s", reply);
	s->errors = s->junk = 0;
}

static void
discard(struct session *s)
{
	take(s);
	s->mail->envelope = NULL;
}

void
intake_finish(struct session *s)
{
	struct mail *mail = s->mail;
	struct event_by cleanup = {
		.program = "cleanup", .number = s->by.number, .qid = s->by.qid
	};
	const char *refusal;

	s->where = "END-OF-MESSAGE";
	s->subject.size = (int64_t)mail->message.size;
	if (refuse_content(s))
		return;
	switch (judge_stage(s, STAGE_END)) {
	case SMTP_COMMAND_AGAIN:
		must(!s->away);
		session_work_run(s, true, intake_finish);
		return;
	case SMTP_COMMAND_FAILED:
		return;
	case SMTP_COMMAND_DONE:
	case SMTP_COMMAND_LATER:
		break;
	}
	for (struct effect *e = mail->message.verdict.effects; e != NULL;
	     e = e->next)
		mail_add_effect(mail, e);
	mail->envelope = arena_alloc(mail->arena, sizeof *mail->envelope);
	fill_envelope(s);
	if (!mail->discard) {
		refusal = recipients_fill(s, mail->envelope);
		if (refusal != NULL) {
			fail(s, refusal);
			return;
		}
	}
	make_headers(s);
	mail->envelope->size = mail->envelope->nheaders + mail->message.size;
	event(&proxy_events_message_id, &cleanup, "message_id",
	    mail->envelope->message_id[0] != '\0' ? mail->envelope->message_id
						  : "<>",
	    NULL);
	if (mail->discard)
		discard(s);
}

static void
stored(void *arg, enum submit_result result, const char *why)
{
	struct session *s = arg;

	must(s->phase == SESSION_STORE);
	s->mail->submission = NULL;
	switch (result) {
	case SUBMIT_STORED:
		s->count[smtp_command_place(s->command)].ok++;
		take(s);
		break;
	case SUBMIT_FULL:
		s->errors++;
		event(&proxy_events_store, &s->by, "text",
		    "the queue has no room for it", NULL);
		session_reply(s, "452 4.3.1 Insufficient system storage");
		break;
	case SUBMIT_FAILED:
		s->errors++;
		event(&proxy_events_store, &s->by, "text",
		    why != NULL ? why : "the queue did not take it", NULL);
		session_reply(s, "451 4.3.0 Error: queue file write error");
		break;
	}
	s->stored(s);
}

void
intake_commit(struct session *s, void (*done)(struct session *s))
{
	struct mail *mail = s->mail;

	must(mail->envelope != NULL && mail->submission != NULL);
	s->stored = done;
	s->phase = SESSION_STORE;
	s->hall->store.commit(mail->submission, mail->envelope);
}
