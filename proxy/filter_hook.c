/* filter_hook.c - see filter_hook.h. */
#include "proxy/filter_hook.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/spool.h"
#include "checks/effect.h"
#include "proxy/answers.h"
#include "proxy/completion.h"
#include "proxy/conduct_log.h"
#include "proxy/content_look.h"
#include "proxy/filter_hold.h"
#include "proxy/filter_peer.h"
#include "proxy/filter_setting.h"
#include "proxy/filter_text.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/queue_id.h"
#include "proxy/received.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

enum { PIECE = 64 * 1024 };

static const char failed[] = "451 4.3.0 Error: queue file write error";

/* One message on its way through the filters. */
struct filter_run {
	struct filter_peer *peer; /* who has it now; or NULL */
	struct filter_text text;  /* how far it is encoded */
	struct buf out;           /* encoded, not yet sent */
	struct buf rcpts;         /* RCPT commands, each ended by NUL */
	struct spool *spool;      /* the message; NULL: it goes straight on */
	uint64_t read;            /* of it */
	const char *nexthop;      /* it goes into the queue, and then there */
	const struct filter_setting *hold; /* or on hold, for this filter, */
	const char *why;                   /* as that has failed */
	bool lost;                         /* the spool has not all of it */
};

/* Hang up and forget what was kept. */
static void
free_run(struct filter_run *run)
{
	if (run == NULL)
		return;
	filter_peer_free(run->peer);
	spool_free(run->spool);
	buf_free(&run->text.first);
	buf_free(&run->out);
	buf_free(&run->rcpts);
	free(run);
}

static struct filter_run *
run_of(struct session *s)
{
	struct mail *mail = s->mail;

	if (mail->filter == NULL) {
		mail->filter = calloc(1, sizeof *mail->filter);
		mail->free_filter = free_run;
		if (mail->filter == NULL)
			fatal("out of memory");
	}
	return mail->filter;
}

bool
filter_hook_blocks(const struct session *s)
{
	const struct filter_setting_all *all = s->service->filters;

	return all != NULL && !all->spools;
}

/* An attribute that the client may not have. */
static const char *
known(const char *text)
{
	return text == NULL || strcmp(text, "unknown") == 0 ? NULL : text;
}

static const char *
address(struct session *s, const char *addr)
{
	return addr != NULL && strchr(addr, ':') != NULL
	    ? arena_printf(session_arena(s), "IPv6:%s", addr)
	    : addr;
}

/* The client, or who it says has sent it the message. */
static struct filter_peer_client
describe(struct session *s)
{
	const struct session_forward *x = &s->forward;
	const struct subject *f = &s->subject;

	if (x->client)
		return (struct filter_peer_client){
			.name = x->name,
			.addr = address(s, x->addr),
			.port = x->port,
			.helo = x->helo,
			.ident = x->ident,
			.protocol = x->protocol,
			.source = x->source,
		};
	return (struct filter_peer_client){
		.name = known(f->client_name),
		.addr = address(s, known(f->client_addr)),
		.port = known(f->client_port),
		.helo = f->helo,
		.protocol = f->protocol,
		.ident = x->ident,
		.source = s->mail->local ? "LOCAL" : "REMOTE",
	};
}

/* Begin with a filter: up to MAIL. */
static enum filter_peer_result
begin(struct session *s, const struct filter_setting *filter, int64_t end)
{
	const struct filter_peer_client client = describe(s);
	struct filter_run *run = s->mail->filter;
	enum filter_peer_result result;

	run->peer = filter_peer_new(filter, &s->by_itself, end);
	result =
	    filter_peer_greet(run->peer, s->service->filters->ehlo, &client);
	if (result == FILTER_PEER_DONE)
		result =
		    filter_peer_ask(run->peer, FILTER_PEER_OK, s->mail->line);
	return result;
}

/* The answer to a refused command, in the scratch arena. */
static const char *
reply_of(struct session *s, struct filter_run *run)
{
	return arena_strdup(session_arena(s), filter_peer_reply(run->peer));
}

const char *
filter_hook_rcpt(struct session *s)
{
	bool first = s->mail->filter == NULL;
	struct filter_run *run = run_of(s);
	const char *reply;

	if (s->service->filters->spools) {
		buf_put(&run->rcpts, s->line, strlen(s->line) + 1);
		if (first)
			queue_id_log(s);
		return NULL;
	}
	if (first) {
		if (begin(s, s->service->filters->list, INT64_MAX) !=
		    FILTER_PEER_DONE) {
			/* The next recipient begins anew. */
			reply = reply_of(s, run);
			free_run(run);
			s->mail->filter = NULL;
			return reply;
		}
		queue_id_log(s);
	}
	if (filter_peer_ask(run->peer, FILTER_PEER_OK, s->line) ==
	    FILTER_PEER_DONE)
		return NULL;
	return reply_of(s, run);
}

/* What we put in front of the message. */
static void
put_head(struct session *s, struct buf *out)
{
	for (struct effect *e = s->mail->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_PREPEND)
			completion_put_line(out, e->text);
	/* One who only passes it on leaves no trace, as in Postfix. */
	if (s->forward_arena == NULL)
		received_put(s, out);
}

const char *
filter_hook_data(struct session *s)
{
	struct filter_run *run = s->mail->filter;

	if (s->service->filters->spools) {
		run->spool = spool_new(s->hall->shared->spool);
		return NULL;
	}
	if (filter_peer_ask(run->peer, FILTER_PEER_MORE, "DATA") !=
	    FILTER_PEER_DONE)
		return reply_of(s, run);
	put_head(s, &run->out);
	filter_peer_put(run->peer, run->out.data, run->out.len);
	return NULL;
}

bool
filter_hook_has(const struct session *s)
{
	const struct mail *mail = s->mail;

	return mail->filter != NULL && mail->filter->nexthop == NULL;
}

/* The next part of the message, to the filter. */
static void
send_on(struct filter_run *run, const char *data, size_t n)
{
	buf_reset(&run->out);
	filter_text_put(&run->text, data, n, &run->out);
	filter_peer_put(run->peer, run->out.data, run->out.len);
}

void
filter_hook_look(struct session *s)
{
	struct filter_run *run = s->mail->filter;
	struct message *m = &s->mail->message;
	const struct buf *text = &s->mail->text;
	struct err err = { 0 };

	/* Only for its size, and how often it has come by. */
	if (text->len > 0)
		message_feed(m, text->data, text->len);
	if (s->mail->whole)
		message_end(m);
	buf_reset(&m->keep.body);
	if (m->fault != MESSAGE_OK || run->lost || text->len == 0)
		return;
	if (run->spool == NULL) {
		send_on(run, text->data, text->len);
	} else if (spool_put(run->spool, text->data, text->len, &err) != 0) {
		run->lost = true;
		event(&proxy_events_store, &s->by, "text", err.text, NULL);
	}
}

static void
log_end(const struct session *s, const char *what, const char *said)
{
	const struct subject *f = &s->subject;
	const struct mail *mail = s->mail;

	event(&proxy_events_proxy, &s->by_itself, "action", what, "where",
	    s->where, "reply", said, "sender", f->sender, "recipient",
	    mail->nrcpts > 0 ? mail->rcpts[0].address : NULL, "protocol",
	    f->protocol, "helo", f->helo, NULL);
}

void
filter_hook_refused(const struct session *s)
{
	struct filter_peer *peer = s->mail->filter->peer;

	log_end(s, "proxy-reject", peer != NULL ? filter_peer_said(peer) : "");
}

/* The message has come to its end with a filter. */
static void
conclude(struct session *s, enum filter_peer_result result)
{
	struct filter_peer *peer = s->mail->filter->peer;
	bool taken = result == FILTER_PEER_DONE;

	log_end(
	    s, taken ? "proxy-accept" : "proxy-reject", filter_peer_said(peer));
	answers_give(s, filter_peer_reply(peer));
	if (!taken)
		postmaster_blame(s, TRANSCRIPT_SOFTWARE);
	if (taken) {
		conduct_log_stored(s);
		s->mail->discard = true;
		s->errors = s->junk = 0;
		postmaster_forgive(s);
	} else {
		conduct_log_content(s, filter_peer_reply(peer));
	}
}

/* The message is not there any more. */
static void
give_up(struct session *s)
{
	log_end(s, "proxy-reject", failed);
	answers_give(s, failed);
	postmaster_blame(s, TRANSCRIPT_SOFTWARE);
}

/* The whole message, from where it was kept.  False: it cannot be read. */
static bool
send_spool(struct session *s, struct filter_run *run)
{
	struct buf piece = { 0 };
	struct err err = { 0 };
	ssize_t n;

	buf_free(&run->text.first);
	run->text = (struct filter_text){ 0 };
	buf_reset(&run->out);
	put_head(s, &run->out);
	filter_peer_put(run->peer, run->out.data, run->out.len);
	for (run->read = 0;; run->read += (uint64_t)n) {
		buf_reset(&piece);
		n = spool_get(run->spool, run->read, buf_reserve(&piece, PIECE),
		    PIECE, &err);
		if (n <= 0)
			break;
		send_on(run, piece.data, (size_t)n);
	}
	buf_free(&piece);
	if (n == 0)
		return true;
	event(&proxy_events_store, &s->by, "text", err.text, NULL);
	run->lost = true;
	return false;
}

/* All of the conversation with a filter about a message that was kept. */
static enum filter_peer_result
replay(struct session *s, size_t i, int64_t end)
{
	const struct filter_setting_all *all = s->service->filters;
	struct filter_run *run = s->mail->filter;
	int64_t rest = clock_mono() + filter_setting_rest(all, i);
	enum filter_peer_result result;

	if (all->chain && rest < end)
		end = rest;
	result = begin(s, &all->list[i], end);
	for (size_t at = 0;
	     at < run->rcpts.len && result == FILTER_PEER_DONE;) {
		const char *line = run->rcpts.data + at;

		result = filter_peer_ask(run->peer, FILTER_PEER_OK, line);
		at += strlen(line) + 1;
	}
	if (result == FILTER_PEER_DONE)
		result = filter_peer_ask(run->peer, FILTER_PEER_MORE, "DATA");
	if (result != FILTER_PEER_DONE)
		return result;
	if (!send_spool(s, run))
		return FILTER_PEER_BROKEN;
	return filter_peer_end(run->peer);
}

static void
warn_skipped(struct session *s, const struct filter_setting *filter)
{
	static const char *const outcomes[] = {
		[FILTER_SETTING_ACCEPT] = "accepted",
		[FILTER_SETTING_OVERFLOW] = "queued for content_filter",
		[FILTER_SETTING_HOLD] = "put on hold for it",
	};

	event(&proxy_events_filter_skipped, &s->by_itself, "filter",
	    filter->name, "outcome", outcomes[filter->on_failure], "client",
	    s->client, "sender", s->subject.sender, NULL);
}

/* It goes into the queue: what the client has sent is looked at again. */
static void
release(struct session *s, const char *nexthop)
{
	struct filter_run *run = s->mail->filter;

	filter_peer_free(run->peer);
	run->peer = NULL;
	run->nexthop = nexthop;
	run->read = 0;
	s->mail->whole = false;
	queue_id_open(s);
	mail_begin_text(s->mail,
	    run->hold != NULL ? &message_rules_none : &s->service->content);
}

/* Not looked at by anybody but ${filter}, when that is back. */
static void
hold(struct session *s, const struct filter_setting *filter)
{
	struct filter_run *run = s->mail->filter;
	const char *trouble = filter_peer_trouble(run->peer);

	run->hold = filter;
	run->why = *trouble != '\0'
	    ? arena_strdup(s->mail->arena, trouble)
	    : arena_printf(
		  s->mail->arena, "proxy filter %s has failed", filter->name);
	release(s, "");
}

/* One filter after the other, as long as they fail and are to be passed over. */
static void
try_all(struct session *s)
{
	const struct filter_setting_all *all = s->service->filters;
	struct filter_run *run = s->mail->filter;
	int64_t end = all->chain ? clock_mono() + all->budget : INT64_MAX;
	enum filter_peer_result result;

	for (size_t i = 0; i < all->count; i++) {
		const struct filter_setting *filter = &all->list[i];

		filter_peer_free(run->peer);
		result = replay(s, i, end);
		if (run->lost) {
			give_up(s);
			return;
		}
		if (result != FILTER_PEER_BROKEN ||
		    filter->on_failure == FILTER_SETTING_TEMPFAIL) {
			conclude(s, result);
			return;
		}
		warn_skipped(s, filter);
		if (filter->on_failure == FILTER_SETTING_OVERFLOW) {
			release(s, s->params->content_filter);
			return;
		}
		if (filter->on_failure == FILTER_SETTING_HOLD) {
			hold(s, filter);
			return;
		}
	}
	release(s, "");
}

void
filter_hook_end(struct session *s)
{
	struct filter_run *run = s->mail->filter;

	if (run->lost) {
		give_up(s);
	} else if (run->spool != NULL) {
		try_all(s);
	} else {
		conclude(s, filter_peer_end(run->peer));
	}
}

bool
filter_hook_again(const struct session *s)
{
	const struct mail *mail = s->mail;

	return filter_hook_nexthop(mail) != NULL && !mail->whole;
}

void
filter_hook_feed(struct session *s)
{
	struct filter_run *run = s->mail->filter;
	struct mail *mail = s->mail;
	struct err err = { 0 };
	ssize_t n;

	buf_reset(&mail->text);
	n = spool_get(run->spool, run->read, buf_reserve(&mail->text, PIECE),
	    PIECE, &err);
	if (n < 0) {
		event(&proxy_events_store, &s->by, "text", err.text, NULL);
		run->lost = true;
		n = 0;
	}
	buf_added(&mail->text, (size_t)n);
	run->read += (uint64_t)n;
	mail->whole = n == 0;
	if (run->hold == NULL) {
		content_look(s);
		return;
	}
	if (mail->text.len > 0)
		message_feed(&mail->message, mail->text.data, mail->text.len);
	if (mail->whole)
		message_end(&mail->message);
}

bool
filter_hook_holds(const struct mail *mail)
{
	return mail->filter != NULL && mail->filter->hold != NULL;
}

void
filter_hook_hold(struct mail *mail)
{
	filter_hold_fill(
	    mail, mail->filter->hold, mail->filter->why, mail->envelope);
}

bool
filter_hook_lost(const struct mail *mail)
{
	return mail->filter != NULL && mail->filter->lost;
}

const char *
filter_hook_nexthop(const struct mail *mail)
{
	return mail->filter != NULL ? mail->filter->nexthop : NULL;
}
