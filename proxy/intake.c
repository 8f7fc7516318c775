/* intake.c - see intake.h. */
#include "proxy/intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/spool.h"
#include "proxy/answers.h"
#include "proxy/completion.h"
#include "proxy/conduct_log.h"
#include "proxy/content_fault.h"
#include "proxy/content_look.h"
#include "proxy/cut_through.h"
#include "proxy/filter_hook.h"
#include "proxy/hall.h"
#include "proxy/header_list.h"
#include "proxy/judge.h"
#include "proxy/mail.h"
#include "proxy/mail_envelope.h"
#include "proxy/milter_content.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/recipient_outcome.h"
#include "proxy/recipients.h"
#include "proxy/session.h"
#include "proxy/session_work.h"
#include "proxy/smtp_service.h"
#include "proxy/smtputf8.h"
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
		.chunked = s->chunk.chunks != SESSION_CHUNKS_NONE,
	};
	begin_text(s);
	cut_through_prepare(s);
	s->body_step = SESSION_BODY_READ;
}

static bool
looping(const struct session *s)
{
	/* Our own Received: counts, too. */
	return s->mail->message.keep.hops > (unsigned)s->params->hopcount_limit;
}

static void stored(void *arg, enum submit_result result, const char *why);

static void
drained(void *arg)
{
	struct session *s = arg;

	s->choked = false;
	session_wake(s);
}

static bool
decode_chunk(struct session *s, const char *data, size_t n, size_t *used)
{
	if (n > s->chunk.left)
		n = (size_t)s->chunk.left;
	(void)body_decode(&s->body, data, n, &s->mail->text, used);
	s->chunk.left -= n;
	if (s->chunk.left > 0 || !s->chunk.last)
		return false;
	body_finish(&s->body, &s->mail->text);
	return true;
}

bool
intake_wants(const struct session *s)
{
	return !s->body.chunked || s->chunk.left > 0;
}

bool
intake_decode(struct session *s, const char *data, size_t n, size_t *used)
{
	struct message *m = &s->mail->message;
	bool end;

	buf_reset(&s->mail->text);
	end = s->body.chunked
	    ? decode_chunk(s, data, n, used)
	    : body_decode(&s->body, data, n, &s->mail->text, used) == BODY_END;
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
	struct submit_way *store = &s->hall->store;
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

/* ${class}: of what the postmaster is told; 0: nothing. */
static void
fail_for(struct session *s, unsigned class, const char *reply)
{
	answers_give(s, reply);
	postmaster_blame(s, class);
	s->mail->envelope = NULL;
}

/* NULL: each recipient has said why. */
static void
fail(struct session *s, const char *reply)
{
	fail_for(s, TRANSCRIPT_POLICY, reply);
}

/* The content stages have rejected it. */
static void
refuse_verdict(struct session *s)
{
	const struct content_verdict *verdict = &s->mail->message.verdict;
	const char *reply = arena_printf(s->mail->arena, "%d %s %s",
	    verdict->code, verdict->dsn, verdict->text);

	trace_log_message(s, reply);
	conduct_log_content(s, reply);
	fail(s, reply);
}

/* What each recipient has against it; true: nobody is to have it. */
static bool
refuse_by_recipients(struct session *s)
{
	const char *reply;

	if (!recipient_outcome_refuse(s, &reply))
		return false;
	if (reply != NULL) {
		trace_log_message(s, reply);
		conduct_log_content(s, reply);
	}
	fail(s, reply);
	return true;
}

/* The client is told; in the middle of a message there is one reply. */
static void
fail_chunk(struct session *s, const char *reply)
{
	if (s->mail->whole)
		fail_for(s, 0, reply);
	else
		session_reply(s, "%s", reply);
}

/* What is wrong with the octets, whatever they say; true: it was refused. */
static bool
refuse_octets(struct session *s)
{
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
		fail_chunk(s, reply);
		return true;
	}
	if (s->mail->message.fault != MESSAGE_TOO_LARGE)
		return false;
	content_fault_log(s);
	fail_chunk(s, "552 5.3.4 Error: message file too big");
	return true;
}

bool
intake_chunk(struct session *s)
{
	if (s->mail->whole || intake_wants(s))
		return false;
	if (refuse_octets(s)) {
		s->errors++;
		s->chunk.chunks = SESSION_CHUNKS_REFUSED;
	} else {
		session_reply(
		    s, "250 2.0.0 Ok: %" PRIu64 " bytes", s->chunk.size);
		s->count[smtp_command_place(s->command)].ok++;
	}
	session_settle(s);
	s->phase = SESSION_COMMAND;
	return true;
}

/* Faults of the content itself; true: it was refused. */
static bool
refuse_content(struct session *s)
{
	struct message *m = &s->mail->message;

	if (refuse_octets(s))
		return true;
	if (m->fault != MESSAGE_OK) {
		content_fault_log(s);
		fail(s, "550 5.7.1 disallowed character");
		return true;
	}
	if (looping(s)) {
		content_fault_log_hops(s);
		fail_for(s, 0, "554 5.4.0 Error: too many hops");
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

	if (s->body.chunked)
		(void)snprintf(reply, sizeof reply,
		    "250 2.0.0 Ok: %" PRIu64 " bytes queued as %s",
		    s->mail->message.size, s->qid);
	else
		(void)snprintf(
		    reply, sizeof reply, "250 2.0.0 Ok: queued as %s", s->qid);
	trace_log_message(s, reply);
	answers_give(s, reply);
	s->errors = s->junk = 0;
	postmaster_forgive(s);
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

	if (reply != NULL) {
		conduct_log_content(s, reply);
		fail(s, reply);
	} else if (m->verdict.code != 0) {
		refuse_verdict(s);
	}
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
	mail_envelope_fill(s);
	if (filter_hook_holds(mail))
		filter_hook_hold(mail);
	else
		mail_envelope_apply(mail);
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
	else
		smtputf8_detect(s, mail->envelope);
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
		fail_for(s, TRANSCRIPT_RESOURCE,
		    "451 4.3.0 Error: queue file write error");
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
	fail_for(
	    s, TRANSCRIPT_RESOURCE, "451 4.3.0 Error: queue file write error");
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
		conduct_log_stored(s);
		take(s);
		break;
	case SUBMIT_FULL:
		s->errors++;
		event(&proxy_events_store, &s->by, "text",
		    "the queue has no room for it", NULL);
		answers_give(s, "452 4.3.1 Insufficient system storage");
		postmaster_blame(s, TRANSCRIPT_RESOURCE);
		break;
	case SUBMIT_FAILED:
		s->errors++;
		event(&proxy_events_store, &s->by, "text",
		    why != NULL ? why : "the queue did not take it", NULL);
		answers_give(s, "451 4.3.0 Error: queue file write error");
		postmaster_blame(s, TRANSCRIPT_RESOURCE);
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
