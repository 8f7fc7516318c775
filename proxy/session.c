/* session.c - see session.h. */
#include "proxy/session.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/net.h"
#include "base/tls.h"
#include "checks/peer.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/reject_reply.h"
#include "proxy/smtp_service.h"

unsigned
session_number(void)
{
	static _Atomic unsigned count;

	return (unsigned)getpid() +
	    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

/* A client of a Unix socket is on this machine, as for Postfix. */
static void
set_local(struct subject *f)
{
	(void)net_parse("127.0.0.1", &f->client);
	f->client_addr = "127.0.0.1";
	f->client_name = f->reverse_name = "localhost";
	f->name_status = f->reverse_status = SUBJECT_NAME_OK;
}

void
session_set_client(
    struct session *s, const struct net_addr *addr, unsigned port)
{
	struct subject *f = &s->subject;
	char text[NET_TEXT];

	s->peer = *addr;
	if (addr->family == NET_UNIX) {
		set_local(f);
	} else {
		f->client = *addr;
		f->client_addr = arena_strdup(s->facts, net_print(addr, text));
		f->client_port = arena_printf(s->facts, "%u", port);
		peer_skip(f);
	}
	session_name(s);
}

static void
set_facts(struct session *s)
{
	struct subject *f = &s->subject;

	f->protocol = s->service->protocol;
	f->ccert_unasked = !s->params->smtpd_tls_ask_ccert;
	f->by = &s->by;
	f->begun = clock_now();
	f->world = s->hall->shared->world;
}

/* What there is of each, whoever talks to it. */
static struct session *
begin(struct hall *hall, const struct smtp_service *service)
{
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL)
		fatal("out of memory");
	s->hall = hall;
	s->service = service;
	s->params = &service->calm;
	s->watch.fd = -1;
	s->by = s->by_itself =
	    (struct event_by){ .program = s->service->program,
		    .number = session_number(),
		    .name = s->service->syslog_name };
	s->by.qid = "NOQUEUE";
	s->where = "CONNECT";
	s->writable = true;
	s->out_held = SIZE_MAX;
	s->discarded = s->service->discarded;
	s->keywords = s->service->keywords & ~s->discarded;
	s->facts = arena_new();
	set_facts(s);
	return s;
}

struct session *
session_new(struct hall *hall, unsigned place, int fd,
    const struct net_addr *addr, unsigned port)
{
	struct session *s = begin(hall, hall->places[place].service);

	s->place = (unsigned char)place;
	if (hall->places[place].first_waiting != NULL)
		s->params = &s->service->stressed;
	s->watch.fd = fd;
	session_set_client(s, addr, port);
	postmaster_begin(s);
	s->next = hall->sessions;
	if (s->next != NULL)
		s->next->prev = s;
	hall->sessions = s;
	hall->count++;
	return s;
}

struct session *
session_without(struct hall *hall, const struct smtp_service *service)
{
	struct session *s = begin(hall, service);

	/* A worker has it for all its life. */
	s->away = true;
	return s;
}

/* All that is kept of it. */
static void
release(struct session *s)
{
	session_forget_mail(s);
	if (s->milters != NULL)
		s->milters_over(s, true);
	s->long_line = NULL;
	session_settle(s);
	stage_reset_session(&s->state);
	free(s->helo);
	session_forget_forward(s);
	postmaster_send(s);
	postmaster_end(s);
	arena_free(s->facts);
	buf_free(&s->chunk.reply);
	buf_free(&s->in);
	buf_free(&s->out);
}

void
session_without_end(struct session *s)
{
	release(s);
	must(s->dropped == NULL);
	free(s);
}

void
session_end(struct session *s)
{
	struct hall *hall = s->hall;

	must(!s->away && s->phase != SESSION_STORE);
	if (s->counted)
		client_events_close(hall->shared->clients, &s->key);
	if (s->tls != NULL) {
		tls_shutdown(s->tls);
		tls_free(s->tls);
	}
	loop_timer_cancel(hall->loop, &s->timer);
	loop_close(hall->loop, &s->watch);
	release(s);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		hall->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	hall->count--;
	free(s);
	if (hall->retired && hall->count == 0 && hall->post.waiting == 0)
		loop_stop(hall->loop);
}

void
session_wake(struct session *s)
{
	loop_timer_set(s->hall->loop, &s->timer, loop_time(s->hall->loop));
}

struct arena *
session_arena(struct session *s)
{
	if (s->scratch == NULL)
		s->scratch = arena_new();
	return s->scratch;
}

void
session_settle(struct session *s)
{
	if (s->scratch == NULL || s->long_line != NULL)
		return;
	s->subject.arena = NULL;
	s->line = NULL;
	s->words.count = 0;
	arena_free(s->scratch);
	s->scratch = NULL;
}

void
session_pause(struct session *s, int64_t more)
{
	/* Without a pause nothing would let the output go on. */
	if (more <= 0)
		return;
	if (s->pause == 0)
		s->out_held = s->out.len;
	s->pause += more;
}

void
session_delay(struct session *s)
{
	if (s->errors >= s->params->smtpd_soft_error_limit &&
	    s->params->smtpd_error_sleep_time > 0)
		session_pause(s, s->params->smtpd_error_sleep_time);
}

void
session_add_reply(struct session *s, const char *text)
{
	size_t at = s->out.len;
	int code;

	s->subject.arena = session_arena(s);
	/* In a worker, or on the way there, a session is away. */
	code =
	    reject_reply_put(s->service, &s->subject, s->away, text, &s->out);
	postmaster_out(s, at);
	if (code == 421 || code == 521)
		s->hangup = true;
}

void
session_reply(struct session *s, const char *format, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, format);
	text = arena_vprintf(session_arena(s), format, ap);
	va_end(ap);
	session_delay(s);
	session_add_reply(s, text);
}

void
session_drop(struct session *s)
{
	if (s->dropped == NULL)
		return;
	s->hall->store.cancel(s->dropped);
	s->dropped = NULL;
	s->choked = false;
}

/* What the queue was given, and not asked to keep.  A worker does not talk to
 * the queue. */
static void
drop_submission(struct session *s)
{
	must(s->dropped == NULL);
	s->dropped = s->mail->submission;
	s->mail->submission = NULL;
	if (!s->away)
		session_drop(s);
}

void
session_forget_mail(struct session *s)
{
	if (s->milters != NULL)
		s->milters_over(s, false);
	if (s->mail != NULL) {
		if (s->mail->submission != NULL)
			drop_submission(s);
		mail_free(s->mail);
	}
	s->mail = NULL;
	s->chunk.chunks = SESSION_CHUNKS_NONE;
	stage_reset_mail(&s->state);
	s->qid[0] = '\0';
	s->by.qid = "NOQUEUE";
	s->overshoot = 0;
	s->subject.sender = s->subject.recipient = NULL;
	s->subject.queue_id = s->subject.instance = NULL;
	s->subject.recipient_count = 0;
	s->subject.size = 0;
	s->subject.utf8 = s->subject.bdat = false;
}

void
session_forget_forward(struct session *s)
{
	s->forward = (struct session_forward){ 0 };
	arena_free(s->forward_arena);
	s->forward_arena = NULL;
}

void
session_forget(struct session *s)
{
	session_forget_mail(s);
	session_set_helo(s, NULL);
	stage_reset_helo(&s->state);
	session_forget_forward(s);
	s->esmtp = false;
	s->subject.protocol = s->service->protocol;
}

void
session_set_helo(struct session *s, const char *name)
{
	free(s->helo);
	s->helo = NULL;
	if (name != NULL) {
		s->helo = strdup(name);
		if (s->helo == NULL)
			fatal("out of memory");
		for (char *p = s->helo; *p != '\0'; p++)
			if ((unsigned char)*p < 32 || *p == 127 ||
			    strchr(" <>()\\\";@", *p) != NULL)
				*p = '?';
	}
	s->subject.helo = s->helo;
}

void
session_name(struct session *s)
{
	const struct subject *f = &s->subject;
	bool port = s->params->smtpd_client_port_logging;

	s->client = arena_printf(s->facts, "%s[%s]%s%s", f->client_name,
	    f->client_addr, port ? ":" : "",
	    !port                        ? ""
		: f->client_port != NULL ? f->client_port
					 : "unknown");
}

void
session_log_reject(struct session *s, const char *text)
{
	const struct subject *f = &s->subject;

	event(&proxy_events_reject, &s->by, "where", s->where, "client",
	    s->client, "text", text, "sender", f->sender, "recipient",
	    f->recipient, "protocol", f->protocol, "helo", f->helo, NULL);
}
