/* rig.h - the real SMTP session on a socket pair, with a queue that a test
 * looks into: one thread, one loop. */
#ifndef T_RIG_H
#define T_RIG_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/master.h"
#include "base/net.h"
#include "base/workers.h"
#include "checks/checks_params.h"
#include "classes/classes_params.h"
#include "proxy/client_events.h"
#include "proxy/greeting.h"
#include "proxy/hall.h"
#include "proxy/proxy_params.h"
#include "proxy/session.h"
#include "proxy/session_io.h"
#include "proxy/smtp_service.h"
#include "queue/envelope.h"
#include "rules/rules_params.h"
#include "t/testworld.h"

struct submit {
	enum submit_result answer; /* to the next messages */
	bool full;
	bool crowded;                    /* wants no more body for now */
	unsigned accepted;               /* messages answered SUBMIT_STORED */
	struct buf headers, body, rcpts; /* of the last one; rcpts: "a b" */
	char sender[256];
	bool hold;
	struct loop *loop;
};

struct submission {
	struct submit *queue;
	struct loop_task task;
	struct buf body;
	void (*done)(void *arg, enum submit_result result, const char *why);
	void *arg;
};

static inline struct submission *
rig_begin(struct submit *queue,
    void (*done)(void *arg, enum submit_result result, const char *why),
    void (*drained)(void *arg), void *arg)
{
	struct submission *s = calloc(1, sizeof *s);

	(void)drained;
	if (s == NULL)
		abort();
	s->queue = queue;
	s->done = done;
	s->arg = arg;
	return s;
}

static inline bool
rig_body(struct submission *s, const char *data, size_t n)
{
	buf_put(&s->body, data, n);
	return !s->queue->crowded;
}

static inline void
rig_answer(struct loop_task *task)
{
	struct submission *s = (struct submission *)(void *)((char *)task -
	    offsetof(struct submission, task));

	s->done(s->arg, s->queue->answer, "said the test");
	buf_free(&s->body);
	free(s);
}

static inline void
rig_commit(struct submission *s, const struct envelope *e)
{
	struct submit *q = s->queue;

	if (q->answer == SUBMIT_STORED)
		q->accepted++;
	buf_reset(&q->headers);
	buf_put(&q->headers, e->headers, e->nheaders);
	buf_reset(&q->body);
	buf_put(&q->body, s->body.data, s->body.len);
	buf_reset(&q->rcpts);
	for (size_t i = 0; i < e->nrcpts; i++)
		buf_printf(
		    &q->rcpts, "%s%s", i > 0 ? " " : "", e->rcpts[i].address);
	(void)snprintf(q->sender, sizeof q->sender, "%s", e->sender);
	q->hold = e->hold;
	s->task.run = rig_answer;
	loop_post(q->loop, &s->task);
}

static inline void
rig_cancel(struct submission *s)
{
	buf_free(&s->body);
	free(s);
}

static inline bool
rig_room(const struct submit *queue, unsigned long long size)
{
	(void)size;
	return !queue->full;
}

struct rig {
	struct conf *conf;
	struct master_service master;
	struct smtp_service *service;
	struct testworld world;
	struct hall_shared shared;
	struct hall_place place;
	struct hall hall;
	struct submit queue;
	struct loop_timer ticker;
	int client; /* the other end; -1: none */
	bool until_over;
	struct buf said; /* all that the server said */
	struct buf say;  /* what it is still to be told */
	bool no_more;    /* and then nothing */
};

/* A service whose command is ${command}, with main.cf: ${text} after what every
 * test needs. */
static inline void
rig_open_as(struct rig *r, const char *command, const char *text)
{
	static const struct param_table *const tables[] = { &base_params_table,
		&rules_params_table, &checks_params_table,
		&classes_params_table, &proxy_params_table, NULL };
	struct buf main = { 0 };
	struct err err = { 0 };

	memset(r, 0, sizeof *r);
	buf_printf(&main,
	    "myhostname = mx.example.com\nmydomain = example.com\n"
	    "mydestination = example.com\nlocal_recipient_maps =\n"
	    "alias_maps =\nmynetworks = 127.0.0.0/8\n"
	    "mail_name = Postfix\nsmtpd_error_sleep_time = 0\n"
	    "smtpd_peername_lookup = no\n%s",
	    text);
	r->conf = conf_parse("main.cf", buf_str(&main), tables, &err);
	buf_free(&main);
	if (r->conf == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	r->master = (struct master_service){ .name = "smtp",
		.type = MASTER_INET,
		.command = command,
		.maxproc = 10 };
	r->service = smtp_service_open(&r->master, r->conf, true, &err);
	if (r->service == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	r->world = testworld_new("");
	r->shared = (struct hall_shared){
		.workers = workers_new(4, 0),
		.world = &r->world.world,
		.clients = client_events_new(),
		.most_sessions = 100,
		.spool = "/tmp",
	};
	r->place = (struct hall_place){ .service = r->service, .most_busy = 4 };
	r->hall = (struct hall){
		.loop = loop_new(),
		.shared = &r->shared,
		.store = { &r->queue, rig_begin, rig_body, rig_commit,
		    rig_cancel, rig_room },
		.drive = session_io_drive,
		.places = &r->place,
		.nplaces = 1,
	};
	r->queue.loop = r->hall.loop;
	r->client = -1;
}

static inline void
rig_open(struct rig *r, const char *text)
{
	rig_open_as(r, "smtpd", text);
}

/* The last line of what was said ends a reply. */
static inline bool
rig_replied(const struct rig *r)
{
	size_t n = r->said.len, i;

	if (n < 6 || r->said.data[n - 1] != '\n')
		return false;
	for (i = n - 1; i > 0 && r->said.data[i - 1] != '\n'; i--)
		continue;
	return n - i > 4 && r->said.data[i + 3] == ' ';
}

/* Every now and then: read what was said; stop when the session is over, or
 * has replied if that is enough. */
static inline void
rig_tick(struct loop_timer *timer)
{
	struct rig *r = (struct rig *)(void *)((char *)timer -
	    offsetof(struct rig, ticker));
	char text[4096];
	ssize_t n;

	if (r->say.len > 0 &&
	    (n = send(r->client, r->say.data, r->say.len,
		 MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		buf_drop(&r->say, (size_t)n);
	if (r->say.len == 0 && r->no_more)
		(void)shutdown(r->client, SHUT_WR);
	while ((n = recv(r->client, text, sizeof text, MSG_DONTWAIT)) > 0)
		buf_put(&r->said, text, (size_t)n);
	if (r->hall.count == 0 ||
	    (!r->until_over && r->say.len == 0 && rig_replied(r)))
		loop_stop(r->hall.loop);
	else
		loop_timer_set(
		    r->hall.loop, &r->ticker, clock_mono() + CLOCK_MS / 4);
}

/* A client at ${addr} connects. */
static inline void
rig_connect(struct rig *r, const char *addr)
{
	struct net_addr client;
	struct session *s;
	int fds[2];

	if (!net_parse(addr, &client) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 ||
	    fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
		abort();
	r->client = fds[1];
	buf_reset(&r->said);
	s = session_new(&r->hall, 0, fds[0], &client, 12345);
	session_io_start(s);
	greeting_begin(s);
	if (!s->away)
		session_io_drive(s);
}

static inline const char *
rig_run(struct rig *r, bool until_over)
{
	r->until_over = until_over;
	r->ticker.fire = rig_tick;
	loop_timer_set(r->hall.loop, &r->ticker, clock_mono());
	loop_run(r->hall.loop);
	return buf_str(&r->said);
}

/* Say ${text}; the reply.  "" says nothing, and takes the greeting. */
static inline const char *
rig_say(struct rig *r, const char *text)
{
	if (*text != '\0')
		buf_reset(&r->said);
	buf_puts(&r->say, text);
	return rig_run(r, false);
}

/* Say no more, and wait for the end of the session. */
static inline void
rig_hang_up(struct rig *r)
{
	r->no_more = true;
	(void)rig_run(r, true);
	r->no_more = false;
	buf_reset(&r->say);
	(void)close(r->client);
	r->client = -1;
}

/* Send ${n} octets, and no more after that; run until the session is over. */
static inline const char *
rig_converse(struct rig *r, const char *addr, const void *data, size_t n)
{
	rig_connect(r, addr);
	buf_put(&r->say, data, n);
	rig_hang_up(r);
	return buf_str(&r->said);
}

static inline void
rig_close(struct rig *r)
{
	workers_free(r->shared.workers);
	loop_free(r->hall.loop);
	client_events_free(r->shared.clients);
	smtp_service_close(r->service);
	conf_free(r->conf);
	buf_free(&r->hall.spare);
	buf_free(&r->said);
	buf_free(&r->say);
	buf_free(&r->queue.headers);
	buf_free(&r->queue.body);
	buf_free(&r->queue.rcpts);
}

#endif
