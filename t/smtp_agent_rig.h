/* smtp_agent_rig.h - the smtp and lmtp agents, a job, and a server that does as a
 * script says. */
#ifndef T_SMTP_AGENT_RIG_H
#define T_SMTP_AGENT_RIG_H

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/net.h"
#include "base/stream.h"
#include "delivery/delivery.h"
#include "delivery/smtp_agent.h"
#include "delivery/transport.h"
#include "t/tap.h"
#include "t/testworld.h"

/*
 * A server.  Steps of a script, one connection after the other:
 *	">text" say it and CRLF; ">>text" say just it; "*n text" say it n times
 *	"<WORD" read a line that begins so; "." read to the end of the data
 *	"close" hang up; "reset" hang up with a RST; "stall" say nothing more
 * What was read is kept.
 */
struct server {
	const char *const *script;
	int listener;
	unsigned port;
	pthread_t thread;
	struct buf heard;
	bool surprised; /* something else than "<WORD" came */
	int connections;
};

static inline void
say(int fd, const char *text)
{
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static inline bool
hear(struct server *s, struct stream *in, const char *word)
{
	char *line;
	size_t n;

	do {
		stream_deadline(in, clock_mono() + 60 * CLOCK_SECOND);
		if (stream_line(in, 100000, &line, &n) != STREAM_OK)
			return false;
		buf_put(&s->heard, line, n);
		buf_putc(&s->heard, '\n');
	} while (word == NULL && strcmp(line, ".") != 0);
	if (word != NULL && strncmp(line, word, strlen(word)) != 0)
		s->surprised = true;
	return true;
}

/* One connection; the step behind its last one. */
static inline const char *const *
converse(struct server *s, int fd, const char *const *step)
{
	struct stream *in = stream_new(fd);
	struct linger now = { 1, 0 };
	bool open = true;

	for (; *step != NULL && open; step++) {
		const char *what = *step;

		if (strncmp(what, ">>", 2) == 0) {
			say(fd, what + 2);
		} else if (what[0] == '>') {
			say(fd, what + 1);
			say(fd, "\r\n");
		} else if (what[0] == '*') {
			for (long i = strtol(what + 1, NULL, 10); i > 0; i--)
				say(fd, strchr(what, ' ') + 1);
		} else if (what[0] == '<') {
			open = hear(s, in, what + 1);
		} else if (what[0] == '.') {
			open = hear(s, in, NULL);
		} else if (strcmp(what, "reset") == 0) {
			(void)setsockopt(
			    fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
			open = false;
		} else if (strcmp(what, "stall") == 0) {
			char c;

			stream_deadline(in, clock_mono() + 60 * CLOCK_SECOND);
			while (stream_read(in, &c, 1) == STREAM_OK)
				continue;
			open = false;
		} else {
			open = false;
		}
	}
	stream_close(in);
	return step;
}

static inline void *
serve(void *arg)
{
	struct server *s = arg;
	const char *const *step = s->script;

	while (step != NULL && *step != NULL) {
		int fd = accept(s->listener, NULL, NULL);

		if (fd < 0)
			break;
		s->connections++;
		step = converse(s, fd, step);
	}
	return NULL;
}

static inline void
server_start(struct server *s, const char *const *script)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct net_addr addr;
	struct err err;

	*s = (struct server){ .script = script };
	s->listener = net_listen("127.0.0.1", "0", 5, false, &err);
	if (s->listener < 0)
		exit(2);
	/* The listener is meant for a loop. */
	(void)fcntl(s->listener, F_SETFL, 0);
	(void)getsockname(s->listener, (struct sockaddr *)&ss, &len);
	(void)net_from_socket((struct sockaddr *)&ss, &addr, &s->port);
	(void)pthread_create(&s->thread, NULL, serve, s);
}

static inline void
server_stop(struct server *s)
{
	(void)shutdown(s->listener, SHUT_RDWR);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->listener);
}

static inline void
server_free(struct server *s)
{
	buf_free(&s->heard);
}

/* A transport with settings of its own. */
static inline void
transport_make(
    struct transport *t, const char *settings, bool lmtp, struct arena *arena)
{
	static const struct param_table *const tables[] = { &base_params_table,
		&delivery_params_table, NULL };
	struct err err = { { 0 } };

	*t = (struct transport){ .name = "smtp",
		.agent = lmtp ? &smtp_agent_lmtp : &smtp_agent };
	t->conf = conf_parse("test",
	    arena_printf(arena,
		"myhostname = me.example\ninet_protocols = ipv4\n"
		"smtp_randomize_addresses = no\n%s",
		settings),
	    tables, &err);
	if (t->conf == NULL ||
	    param_load(&base_params_table, t->conf, arena, &t->base, &err) ||
	    param_load(
		&delivery_params_table, t->conf, arena, &t->params, &err) ||
	    (t->state = t->agent->open(t, arena, &err)) == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(2);
	}
}

static struct job_rcpt two[] = {
	{ .index = 7,
	    .address = "a@b.example",
	    .original = "",
	    .orcpt = "rfc822;a@b.example",
	    .notify = ENVELOPE_NOTIFY_FAILURE | ENVELOPE_NOTIFY_DELAY },
	{ .index = 9,
	    .address = "second one@b.example",
	    .original = "alias@b.example",
	    .orcpt = "" },
};

static const char headers[] = "Subject: test\r\n\r\n";
static const char body[] = "text\r\n.dot\r\n";

static inline struct job
job_make(char *nexthop)
{
	return (struct job){ .id = 1,
		.qid = "4XyZ",
		.transport = "smtp",
		.nexthop = nexthop,
		.sender = "s@x.example",
		.arrival = clock_now(),
		.active = clock_now(),
		.size = sizeof headers + sizeof body - 2,
		.envid = "env+2Bid",
		.ret = 'H',
		.rcpts = two,
		.nrcpts = 2 };
}

/* One delivery, decided. */
static inline void
run(struct transport *t, struct job *job, struct testworld *world,
    struct arena *arena, struct delivery *d)
{
	static struct delivery_env env;

	env.world = &world->world;
	*d = (struct delivery){ .env = &env,
		.transport = t,
		.arena = arena,
		.job = job,
		.number = 1,
		.delay = { job->arrival, job->active, clock_now(), 0 } };
	d->content.envelope = (struct envelope){ .qid = "4XyZ",
		.headers = headers,
		.nheaders = sizeof headers - 1,
		.body = body,
		.nbody = sizeof body - 1,
		.client_name = "client.example",
		.client_addr = "2001:db8::1",
		.client_port = "",
		.protocol = "ESMTP",
		.helo = "a b",
		.ident = "" };
	delivery_begin(d);
	t->agent->run(d);
}

/* Both outcomes in words: "sent 2.0.0 text | bounced ..." */
static inline const char *
outcome(struct delivery *d)
{
	static const char *const words[] = { "sent", "deferred", "bounced",
		"replaced", "unknown" };
	struct buf b = { 0 };
	const char *text;

	for (size_t i = 0; i < d->job->nrcpts; i++) {
		const struct job_outcome *o = &d->result.outcomes[i];

		if (!d->decided[i])
			buf_puts(&b, "UNDECIDED");
		else
			buf_printf(&b, "%s%s %s %s", i > 0 ? " | " : "",
			    words[o->status], o->dsn, o->reason);
	}
	text = arena_strdup(d->arena, buf_str(&b));
	buf_free(&b);
	return text;
}

#define SCRIPT(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Deliver with ${settings} to a server that follows ${script}; what it heard
 * in ${heard}. */
static inline const char *
try(const char *settings, bool lmtp, const char *const *script,
    struct arena *arena, const char **heard)
{
	struct testworld world = testworld_new("");
	struct transport t;
	struct server s;
	struct delivery d;
	struct job job;
	const char *words;

	server_start(&s, script);
	transport_make(&t, settings, lmtp, arena);
	job = job_make(arena_printf(arena, "[127.0.0.1]:%u", s.port));
	run(&t, &job, &world, arena, &d);
	server_stop(&s);
	words = outcome(&d);
	if (s.surprised)
		words = arena_printf(
		    arena, "SURPRISED BY %s: %s", buf_str(&s.heard), words);
	*heard = arena_strdup(arena, buf_str(&s.heard));
	t.agent->close(&t);
	server_free(&s);
	conf_free(t.conf);
	return words;
}

#define HELLO      ">220 x ESMTP", "<EHLO me.example"
#define PLAIN      HELLO, ">250 x"
#define PIPELINING HELLO, ">>250-x\r\n250 PIPELINING\r\n"
#define TWO        "<MAIL", "<RCPT", "<RCPT", "<DATA"

/* Nothing is logged. */
static inline void
be_quiet(void)
{
	struct event_target quiet = { .name = "weir", .json_fd = -1 };

	quiet.fd = open("/dev/null", O_WRONLY);
	event_open(&quiet);
}

#endif
