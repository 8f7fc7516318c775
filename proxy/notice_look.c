/* notice_look.c - see notice_look.h.
 *
 * A notice has nobody who says it: a session without a client is told what a
 * user of this machine would have said, by the worker that has it from begin to
 * end, and intake.c judges it as it does the mail of others. */
#include "proxy/notice_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/workers.h"
#include "checks/effect.h"
#include "proxy/content_look.h"
#include "proxy/hall.h"
#include "proxy/intake.h"
#include "proxy/mail.h"
#include "proxy/milter_hook.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/submitter.h"
#include "queue/envelope.h"
#include "queue/schedule.h"
#include "queue/submit.h"

enum { AT_A_TIME = 2 };

struct look {
	struct look *next, *prev; /* of all */
	struct notice_looks *all;
	struct work work;
	struct loop_task back;
	struct submit_look given;
	struct arena *arena; /* texts of ${e} and ${answer} */
	struct buf given_record;
	struct envelope e; /* as it came */
	struct schedule_seen_answer answer;
	struct buf record;
};

struct notice_looks {
	struct hall *hall;
	const struct smtp_service *service;
	struct look *first;
};

bool
notice_look_wanted(struct conf *conf, struct err *err)
{
	static const char name[] = "internal_mail_filter_classes";
	struct arena *arena = arena_new();
	const char *all = conf_get(conf, name, arena, err), *p = all, *word;
	bool found = false;

	while (p != NULL && (word = conf_word(&p, arena)) != NULL) {
		if (strcmp(word, "bounce") == 0 || strcmp(word, "notify") == 0)
			found = true;
		else
			err_set(err, "unknown %s value \"%s\" in \"%s\"", name,
			    word, all);
	}
	conf_blame(conf, name, err);
	arena_free(arena);
	return found;
}

static void
release(struct look *look)
{
	buf_free(&look->given_record);
	buf_free(&look->record);
	arena_free(look->arena);
	free(look);
}

static void
forget(struct look *look)
{
	if (look->prev != NULL)
		look->prev->next = look->next;
	else
		look->all->first = look->next;
	if (look->next != NULL)
		look->next->prev = look->prev;
	release(look);
}

/* "550 5.7.1 text": why the notice is not taken; "250 ...": it is thrown away. */
static void
take_reply(struct look *look, const char *reply)
{
	struct schedule_seen_answer *answer = &look->answer;
	const char *end = strpbrk(reply, "\r\n");
	char *text = arena_strndup(look->arena, reply,
	    end != NULL ? (size_t)(end - reply) : strlen(reply));
	char *word;

	if (text[0] == '2') {
		answer->seen = SCHEDULE_SEEN_NOTHING;
		return;
	}
	answer->seen =
	    text[0] == '5' ? SCHEDULE_SEEN_REFUSED : SCHEDULE_SEEN_LATER;
	answer->dsn = text[0] == '5' ? "5.7.1" : "4.7.1";
	answer->text = text;
	if (strlen(text) < 4)
		return;
	answer->text = word = text + 4;
	if (word[0] == text[0] && word[1] == '.' &&
	    (end = strchr(word, ' ')) != NULL) {
		answer->dsn =
		    arena_strndup(look->arena, word, (size_t)(end - word));
		answer->text = end + 1;
	}
}

/* As cmd_mail.c and cmd_rcpt.c, of a user of this machine; NULL, or the reply
 * that refuses. */
static const char *
say_envelope(struct session *s, const struct envelope *e)
{
	const char *reply;
	struct mail *mail;

	submitter_facts(s);
	s->where = "CONNECT";
	if ((reply = milter_hook_connect(s)) != NULL)
		return reply;
	mail = s->mail = mail_new(s, e->sender);
	mail->arrival = e->arrival;
	mail->utf8 = e->utf8;
	mail->eight_bit = e->eight_bit;
	memcpy(s->qid, e->qid, sizeof e->qid);
	s->by.qid = s->subject.queue_id = s->qid;
	s->subject.sender = mail->sender;
	s->subject.utf8 = e->utf8;
	s->where = "MAIL";
	reply = milter_hook_mail(s);
	s->where = "RCPT";
	for (size_t i = 0; i < e->nrcpts && reply == NULL; i++) {
		const struct envelope_rcpt *r = &e->rcpts[i];

		if (r->state != ENVELOPE_TODO)
			continue;
		mail_add_rcpt(mail,
		    &(struct mail_rcpt){ .address = r->address,
			.orcpt = r->orcpt,
			.notify = r->notify });
		s->subject.recipient = mail->rcpts[mail->nrcpts - 1].address;
		s->subject.recipient_count = mail->nrcpts;
		reply = milter_hook_rcpt(s, NULL);
	}
	s->where = "DATA";
	return reply != NULL ? reply : milter_hook_data(s);
}

/* Octets of the first header, with its line end. */
static size_t
first_header(const char *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (p[i] == '\n' && p[i + 1] != ' ' && p[i + 1] != '\t')
			return i + 1;
	return n;
}

/* The Received: that the notice has is our own, which milters do not see; it is
 * looked at as the others. */
static void
say_received(struct session *s, const char *p, size_t n)
{
	struct mail *mail = s->mail;
	struct buf line = { 0 };

	for (size_t i = 0; i < n; i++)
		if (p[i] != '\r')
			buf_putc(&line, p[i]);
	mail->received = arena_strndup(mail->arena, p, n);
	if (line.len > 0)
		message_header(&mail->message, line.data, line.len - 1);
	buf_free(&line);
}

/* The content, all at once: it is in memory anyway. */
static void
say_content(struct session *s, const struct envelope *e)
{
	struct mail *mail = s->mail;
	size_t own = first_header(e->headers, e->nheaders);

	mail_begin_text(mail, &s->service->content);
	mail->begun = true;
	/* Nothing is missing, and the queue has logged the Message-ID. */
	mail->completed = true;
	say_received(s, e->headers, own);
	buf_put(&mail->text, e->headers + own, e->nheaders - own);
	buf_put(&mail->text, e->body, e->nbody);
	mail->whole = true;
	content_look(s);
}

/* The body that a milter has made.  False: it cannot be read any more. */
static bool
take_new_body(struct session *s, struct buf *body)
{
	struct mail *mail = s->mail;

	buf_reset(body);
	while (intake_replaces(s)) {
		mail->replaced = true;
		intake_fetch(s);
		if (mail->envelope == NULL)
			return false;
		buf_put(body, mail->message.keep.body.data,
		    mail->message.keep.body.len);
	}
	return true;
}

static void
take_message(struct look *look, struct session *s)
{
	struct mail *mail = s->mail;
	struct buf body = mail->message.keep.body;
	struct envelope *e = mail->envelope;

	mail->message.keep.body = (struct buf){ 0 };
	if (!intake_replaces(s) || take_new_body(s, &body)) {
		e->body = body.data;
		e->nbody = body.len;
		envelope_print(e, &look->record);
		look->answer.seen = SCHEDULE_SEEN_GOOD;
		look->answer.record = look->record.data;
		look->answer.nrecord = look->record.len;
	} else {
		take_reply(look, buf_str(&s->out));
	}
	buf_free(&body);
}

/* A milter has thrown it away: nobody needs to look at it. */
static bool
is_discarded(const struct mail *mail)
{
	for (const struct effect *e = mail->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_DISCARD)
			return true;
	return false;
}

static void
judge(struct look *look, struct session *s)
{
	const char *reply = say_envelope(s, &look->e);

	if (reply == NULL && is_discarded(s->mail))
		reply = "250 2.0.0 Ok";
	if (reply != NULL) {
		take_reply(look, reply);
		return;
	}
	say_content(s, &look->e);
	intake_finish(s);
	if (s->mail->envelope != NULL)
		take_message(look, s);
	else
		take_reply(look, buf_str(&s->out));
}

/* By a worker, which has all of it. */
static void
work(struct work *job)
{
	struct look *look =
	    (struct look *)(void *)((char *)job - offsetof(struct look, work));
	struct hall *hall = look->all->hall;
	struct session *s = session_without(hall, look->all->service);

	event_speak(&s->by_itself);
	judge(look, s);
	event_speak(NULL);
	milter_hook_disconnect(s);
	session_without_end(s);
	loop_post(hall->loop, &look->back);
}

static void
tell(struct look *look)
{
	submit_looked(
	    look->all->hall->store.queue, &look->given, &look->answer);
	forget(look);
}

static void
come_back(struct loop_task *task)
{
	tell((
	    struct look *)(void *)((char *)task - offsetof(struct look, back)));
}

static void
came(void *arg, const struct submit_look *given)
{
	struct notice_looks *all = arg;
	struct look *look = calloc(1, sizeof *look);

	if (look == NULL)
		fatal("out of memory");
	look->all = all;
	look->next = all->first;
	if (look->next != NULL)
		look->next->prev = look;
	all->first = look;
	look->given = *given;
	look->arena = arena_new();
	buf_put(&look->given_record, given->record, given->nrecord);
	look->work.run = work;
	look->back.run = come_back;
	if (envelope_parse(look->given_record.data, look->given_record.len,
		look->arena, &look->e)) {
		workers_give(all->hall->shared->workers, &look->work);
		return;
	}
	take_reply(look, "451 4.3.0 the notice cannot be read");
	tell(look);
}

struct notice_looks *
notice_look_open(struct hall *hall, const struct smtp_service *service)
{
	struct notice_looks *all = calloc(1, sizeof *all);

	if (all == NULL)
		fatal("out of memory");
	all->hall = hall;
	all->service = service;
	submit_take_looks(hall->store.queue, AT_A_TIME, came, all);
	return all;
}

void
notice_look_retire(struct notice_looks *all)
{
	if (all != NULL)
		submit_take_looks(all->hall->store.queue, 0, came, all);
}

void
notice_look_close(struct notice_looks *all)
{
	struct look *look, *next;

	if (all == NULL)
		return;
	for (look = all->first; look != NULL; look = next) {
		next = look->next;
		release(look);
	}
	free(all);
}
