/* intake.c - see intake.h. */
#include "proxy/intake.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/spool.h"
#include "proxy/answers.h"
#include "proxy/completion.h"
#include "proxy/content_look.h"
#include "proxy/cut_through.h"
#include "proxy/filter_hook.h"
#include "proxy/hall.h"
#include "proxy/header_list.h"
#include "proxy/judge.h"
#include "proxy/mail.h"
#include "proxy/milter_content.h"
#include "proxy/milter_hook.h"
#include "proxy/proxy_events.h"
#include "proxy/recipient_outcome.h"
#include "proxy/recipients.h"
#include "proxy/session.h"
#include "proxy/session_work.h"
#include "proxy/smtp_service.h"
#include "proxy/trace_log.h"
#include "queue/envelope.h"
#include "rules/route.h"

enum { PIECE = 64 * 1024 }; /* of a body that is stored anew */

static void
begin_text(struct session *s)
{
	/* What is for a filter is only counted. */
	mail_begin_text(s->mail,
	    filter_hook_has(s) ? &message_rules_none : &s->service->content);
}

void
intake_begin(struct session *s)
{
	enum smtp_service_newline newline = s->service->newline;

	/* Where commands name the first recipient in the log, what is said
	 * about the content names the last one. */
	s->subject.recipient = s->mail->rcpts[s->mail->nrcpts - 1].address;
	s->body = (struct body){
		.loose = newline == SMTP_SERVICE_NEWLINE_ANY ||
		    newline == SMTP_SERVICE_NEWLINE_NOTE || s->newline_exempt,
		.keep_cr = !s->params->cleanup_replace_stray_cr_lf ||
		    s->service->verbatim,
	};
	begin_text(s);
	cut_through_prepare(s);
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
		    s->by.qid, NULL);
	else
		event(&proxy_events_content, &cleanup, "action", "reject",
		    "what",
		    arena_printf(
			s->mail->arena, "content %s", s->mail->message.wrong),
		    "client", s->client, "sender", f->sender, "recipient",
		    f->recipient, "protocol", f->protocol, "helo", f->helo,
		    "text", "5.7.1 disallowed character", NULL);
}

static bool
looping(const struct session *s)
{
	/* Our own Received: counts, too. */
	return s->mail->message.keep.hops > (unsigned)s->params->hopcount_limit;
}

static void
log_hops(const struct session *s)
{
	char text[100];

	(void)snprintf(text, sizeof text,
	    "%s: message rejected: hopcount exceeded", s->by.qid);
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
	if (s->body.nul)
		message_nul(m);
	s->mail->whole = end;
	return end;
}

bool
intake_look_blocks(const struct session *s)
{
	return message_blocks(&s->mail->message) || s->milters != NULL ||
	    s->mail->filter != NULL;
}

void
intake_look(struct session *s)
{
	if (filter_hook_has(s))
		filter_hook_look(s);
	else
		content_look(s);
}

/* What the queue was given of the body is not wanted. */
static void
take_back(struct session *s)
{
	struct mail *mail = s->mail;

	if (mail->submission != NULL)
		s->hall->store.cancel(mail->submission);
	mail->submission = NULL;
	held_end(&mail->held);
	s->choked = false;
}

/* The queue gets the body, with what was held of it, and ${more}. */
static void
hand_over(struct session *s, const struct buf *more)
{
	struct mail *mail = s->mail;
	struct hall_store *store = &s->hall->store;
	const struct buf *parts[] = { &mail->held.body, more };

	if (mail->submission == NULL)
		mail->submission =
		    store->begin(store->queue, stored, drained, s);
	for (size_t i = 0; i < 2; i++)
		if (parts[i]->len > 0 &&
		    !store->body(
			mail->submission, parts[i]->data, parts[i]->len))
			s->choked = true;
	held_end(&mail->held);
}

void
intake_pass(struct session *s)
{
	struct mail *mail = s->mail;
	struct message *m = &mail->message;

	if (filter_hook_has(s))
		return;
	if (m->fault != MESSAGE_OK || m->verdict.code != 0) {
		take_back(s);
		buf_free(&m->keep.body);
		return;
	}
	if (!held_put(&mail->held, m->keep.body.data, m->keep.body.len) &&
	    (mail->whole || m->keep.body.len > 0))
		hand_over(s, &m->keep.body);
	buf_reset(&m->keep.body);
}

bool
intake_blocks(const struct session *s)
{
	return s->service->replies_block || s->milters != NULL ||
	    s->mail->filter != NULL ||
	    stage_blocks(s->service->rules, STAGE_END) ||
	    (route_flags(s->service->route) & TABLE_MAY_BLOCK) != 0;
}

/* The body that a milter has put in the place of the one that came; or NULL. */
static struct spool *
new_body(const struct mail *mail)
{
	return mail->content != NULL ? milter_content_body(mail->content)
				     : NULL;
}

static void
make_headers(struct session *s)
{
	struct mail *mail = s->mail;
	struct keep *m = &mail->message.keep;
	struct envelope *e = mail->envelope;
	size_t there = mail->prepended;
	struct buf out = { 0 };

	/* Those of the last restrictions come on top of what was looked at. */
	for (struct effect *x = mail->effects; x != NULL; x = x->next)
		if (there > 0)
			there--;
		else if (x->kind == EFFECT_PREPEND)
			completion_put_line(&out, x->text);
	if (mail->content != NULL)
		header_list_print(milter_content_headers(mail->content), &out);
	else
		buf_put(&out, m->headers.data, m->headers.len);
	if ((m->ended || new_body(mail) != NULL) && !m->split)
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

/* Who it came from; a user of this machine is no client. */
static void
fill_client(const struct session *s, struct envelope *e)
{
	const struct subject *f = &s->subject;
	const struct session_forward *x = &s->forward;

	e->client_name = e->client_addr = e->client_port = "";
	e->helo = e->protocol = "";
	if (s->service->local)
		return;
	e->client_name = or_empty(x->name != NULL ? x->name : f->client_name);
	e->client_addr = or_empty(x->addr != NULL ? x->addr : f->client_addr);
	e->client_port = or_empty(x->addr != NULL ? x->port : f->client_port);
	e->helo = or_empty(x->helo != NULL ? x->helo : f->helo);
	e->protocol = x->protocol != NULL ? x->protocol : f->protocol;
}

static void
fill_envelope(struct session *s)
{
	const struct subject *f = &s->subject;
	struct mail *mail = s->mail;
	struct envelope *e = mail->envelope;

	memcpy(e->qid, s->qid, sizeof e->qid);
	e->arrival = mail->arrival;
	e->envid = mail->envid;
	e->ret = mail->ret;
	e->trace = mail->trace;
	e->utf8 = mail->utf8;
	e->eight_bit = mail->eight_bit || mail->message.verdict.eight_bit;
	e->filter = filter_hook_nexthop(mail);
	if (e->filter == NULL)
		e->filter = s->params->content_filter;
	fill_client(s, e);
	e->sasl_method = or_empty(f->sasl_method);
	e->sasl_username = or_empty(f->sasl_username);
	e->message_id = "";
	if (mail->message.keep.message_id != NULL)
		e->message_id =
		    arena_strdup(mail->arena, mail->message.keep.message_id);
}

static void
apply_effects(struct mail *mail)
{
	/* It would find a message that nobody has written. */
	bool verify = mail->trace == ENVELOPE_TRACE_VERIFY;

	if (verify)
		mail->envelope->filter = "";
	for (struct effect *x = mail->effects; x != NULL; x = x->next) {
		if (x->kind == EFFECT_FILTER && !verify)
			mail->envelope->filter = x->text;
		else if (x->kind == EFFECT_HOLD)
			mail->envelope->hold = true;
		else if (x->kind == EFFECT_DISCARD)
			mail->discard = true;
	}
}

/* NULL: each recipient has said why. */
static void
fail(struct session *s, const char *reply)
{
	answers_give(s, reply);
	s->mail->envelope = NULL;
}

/* The content stages have rejected it. */
static void
refuse_verdict(struct session *s)
{
	const struct content_verdict *verdict = &s->mail->message.verdict;
	const char *reply = arena_printf(s->mail->arena, "%d %s %s",
	    verdict->code, verdict->dsn, verdict->text);

	trace_log_message(s, reply);
	fail(s, reply);
}

/* What each recipient has against it; true: nobody is to have it. */
static bool
refuse_by_recipients(struct session *s)
{
	const char *reply;

	if (!recipient_outcome_refuse(s, &reply))
		return false;
	if (reply != NULL)
		trace_log_message(s, reply);
	fail(s, reply);
	return true;
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
		refuse_verdict(s);
		return true;
	}
	return refuse_by_recipients(s);
}

static void
take(struct session *s)
{
	char reply[128];

	(void)snprintf(
	    reply, sizeof reply, "250 2.0.0 Ok: queued as %s", s->qid);
	trace_log_message(s, reply);
	answers_give(s, reply);
	s->errors = s->junk = 0;
}

static void
discard(struct session *s)
{
	take(s);
	s->mail->envelope = NULL;
}

/* What the milters say; true: it was refused. */
static bool
refuse_by_milters(struct session *s)
{
	struct message *m = &s->mail->message;
	const char *reply = milter_hook_end(s);

	if (reply != NULL)
		fail(s, reply);
	else if (m->verdict.code != 0)
		refuse_verdict(s);
	return reply != NULL || m->verdict.code != 0;
}

/* Octets, as logged: header and body as they are in the end. */
static uint64_t
size_of(const struct mail *mail)
{
	uint64_t size = mail->envelope->nheaders + mail->message.size;
	const struct spool *body = new_body(mail);

	if (body != NULL)
		size += spool_size(body) - milter_content_octets(mail->content);
	return size;
}

/* Nothing speaks against the message: make its envelope. */
static void
fill(struct session *s)
{
	struct mail *mail = s->mail;
	const char *refusal;

	for (struct effect *e = mail->message.verdict.effects; e != NULL;
	     e = e->next)
		mail_add_effect(mail, e);
	if (!answers_settle(s)) {
		fail(s, NULL);
		return;
	}
	recipient_outcome_apply(s);
	mail->envelope = arena_alloc(mail->arena, sizeof *mail->envelope);
	fill_envelope(s);
	if (filter_hook_holds(mail))
		filter_hook_hold(mail);
	else
		apply_effects(mail);
	if (!mail->discard && !filter_hook_holds(mail)) {
		refusal = recipients_fill(s, mail->envelope);
		if (refusal != NULL) {
			fail(s, refusal);
			return;
		}
		recipient_outcome_tell(s);
		/* A milter, or their classes, may take away them all. */
		mail->discard = mail->envelope->nrcpts == 0;
		mail->envelope->hold |= envelope_waits(mail->envelope);
	}
	make_headers(s);
	mail->envelope->size = size_of(mail);
	if (mail->discard)
		discard(s);
}

/* What there is to be said against the message as it came; true: it was
 * refused, or somebody else goes on. */
static bool
refuse_as_it_came(struct session *s)
{
	if (refuse_content(s)) {
		if (filter_hook_has(s))
			filter_hook_refused(s);
		return true;
	}
	/* These were asked before the filters. */
	if (filter_hook_nexthop(s->mail) != NULL)
		return false;
	switch (judge_stage(s, STAGE_END)) {
	case SMTP_COMMAND_AGAIN:
		must(!s->away);
		session_work_run(s, true, intake_finish);
		return true;
	case SMTP_COMMAND_FAILED:
		return true;
	case SMTP_COMMAND_DONE:
	case SMTP_COMMAND_LATER:
		break;
	}
	return false;
}

void
intake_finish(struct session *s)
{
	s->where = "END-OF-MESSAGE";
	s->subject.size = (int64_t)s->mail->message.size;
	if (refuse_as_it_came(s))
		return;
	if (filter_hook_has(s)) {
		filter_hook_end(s);
		return;
	}
	if (filter_hook_lost(s->mail)) {
		fail(s, "451 4.3.0 Error: queue file write error");
		return;
	}
	if (filter_hook_holds(s->mail)) {
		fill(s);
		return;
	}
	completion_add(s);
	if (!refuse_by_milters(s))
		fill(s);
}

bool
intake_replaces(const struct session *s)
{
	const struct mail *mail = s->mail;
	const struct spool *body = new_body(mail);

	return body != NULL && mail->envelope != NULL && !mail->discard &&
	    (!mail->replaced || mail->fetched < spool_size(body));
}

void
intake_fetch(struct session *s)
{
	struct mail *mail = s->mail;
	struct buf *piece = &mail->message.keep.body;
	struct err err = { 0 };
	ssize_t n;

	buf_reset(piece);
	n = spool_get(new_body(mail), mail->fetched, buf_reserve(piece, PIECE),
	    PIECE, &err);
	if (n >= 0) {
		buf_added(piece, (size_t)n);
		mail->fetched += (uint64_t)n;
		return;
	}
	event(&proxy_events_store, &s->by, "text", err.text, NULL);
	fail(s, "451 4.3.0 Error: queue file write error");
}

void
intake_replace(struct session *s)
{
	struct mail *mail = s->mail;

	if (mail->envelope == NULL)
		return;
	if (!mail->replaced) {
		/* The body that came is not the one to be stored. */
		take_back(s);
		cut_through_prepare(s);
		mail->replaced = true;
	}
	intake_pass(s);
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
		answers_give(s, "452 4.3.1 Insufficient system storage");
		break;
	case SUBMIT_FAILED:
		s->errors++;
		event(&proxy_events_store, &s->by, "text",
		    why != NULL ? why : "the queue did not take it", NULL);
		answers_give(s, "451 4.3.0 Error: queue file write error");
		break;
	}
	s->stored(s);
}

void
intake_commit(struct session *s, void (*done)(struct session *s))
{
	struct mail *mail = s->mail;

	must(mail->envelope != NULL);
	if (mail->submission == NULL || mail->held.body.len > 0)
		hand_over(s, &(struct buf){ 0 });
	s->stored = done;
	s->phase = SESSION_STORE;
	s->hall->store.commit(mail->submission, mail->envelope);
	/* Nobody says drained() of it any more. */
	s->choked = false;
}
