/* The smtp and lmtp agents against servers that do as a script says: what is
 * said to them, and what becomes of each recipient (hostile 115 to 118, 126). */
#include "delivery/smtp_agent.h"

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

static void
say(int fd, const char *text)
{
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static bool
hear(struct server *s, struct stream *in, const char *word)
{
	char *line;
	size_t n;

	do {
		stream_deadline(in, clock_mono() + 5 * CLOCK_SECOND);
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
static const char *const *
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

			stream_deadline(in, clock_mono() + 5 * CLOCK_SECOND);
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

static void *
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

static void
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

static void
server_stop(struct server *s)
{
	(void)shutdown(s->listener, SHUT_RDWR);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->listener);
}

static void
server_free(struct server *s)
{
	buf_free(&s->heard);
}

/* A transport with settings of its own. */
static void
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

static struct job
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
static void
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
		.helo = "a b" };
	delivery_begin(d);
	t->agent->run(d);
}

/* Both outcomes in words: "sent 2.0.0 text | bounced ..." */
static const char *
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
static const char *
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

static void
dialogues(void)
{
	struct arena *arena = arena_new();
	const char *heard, *got;

	got = try("", false,
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">354 go", ".", ">250 2.0.0 Ok: queued",
		"<QUIT", ">221 bye"),
	    arena, &heard);
	is(got,
	    "sent 2.0.0 250 2.0.0 Ok: queued | sent 2.0.0 250 2.0.0 Ok: "
	    "queued",
	    "D-31: one command after the other");
	is(heard,
	    "EHLO me.example\nMAIL FROM:<s@x.example>\n"
	    "RCPT TO:<a@b.example>\nRCPT TO:<\"second one\"@b.example>\n"
	    "DATA\nSubject: test\n\ntext\n..dot\n.\nQUIT\n",
	    "what was said");

	got = try("", false,
	    SCRIPT(HELLO,
		">>250-x\r\n250-PIPELINING\r\n250-SIZE 1000\r\n"
		"250-8BITMIME\r\n250 DSN\r\n",
		"<MAIL", "<RCPT", "<RCPT", "<DATA",
		">>250 a\r\n250 b\r\n250 c\r\n354 d\r\n", ".", ">250 done",
		"<QUIT", ">221 bye"),
	    arena, &heard);
	is(got, "sent 2.0.0 250 done | sent 2.0.0 250 done",
	    "pipelined, in one piece");
	is(heard,
	    "EHLO me.example\n"
	    "MAIL FROM:<s@x.example> SIZE=29 ENVID=env+2Bid RET=HDRS\n"
	    "RCPT TO:<a@b.example> ORCPT=rfc822;a@b.example "
	    "NOTIFY=FAILURE,DELAY\n"
	    "RCPT TO:<\"second one\"@b.example> "
	    "ORCPT=rfc822;alias@b.example\n"
	    "DATA\nSubject: test\n\ntext\n..dot\n.\nQUIT\n",
	    "with the parameters that the server knows");

	got = try("", false,
	    SCRIPT(">220 x", "<EHLO", ">500 what?", "<HELO me.example",
		">250 x", "<MAIL", ">250 ok", "<RCPT",
		">>550-5.1.1 no\r\n550 5.1.1 such user\r\n", "<RCPT", ">250 ok",
		"<DATA", ">354 go", ".", ">250 done", "<QUIT"),
	    arena, &heard);
	is(got,
	    "bounced 5.1.1 host 127.0.0.1[127.0.0.1] said: 550-5.1.1 no 550 "
	    "5.1.1 such user (in reply to RCPT TO command) | "
	    "sent 2.0.0 250 done",
	    "HELO; one recipient refused");

	got =
	    try("", false, SCRIPT(HELLO, ">>250-x\r\n250 SIZE 10\r\n", "<QUIT"),
		arena, &heard);
	is(got,
	    "bounced 5.3.4 message size 29 exceeds size limit 10 of server "
	    "127.0.0.1[127.0.0.1] | bounced 5.3.4 message size 29 exceeds "
	    "size limit 10 of server 127.0.0.1[127.0.0.1]",
	    "too large for it");

	got = try("smtp_send_xforward_command = yes\n", false,
	    SCRIPT(HELLO,
		">>250-x\r\n250 XFORWARD NAME ADDR PORT HELO PROTO\r\n",
		"<XFORWARD NAME=client.example ADDR=IPv6:2001:db8::1 "
		"PORT=[UNAVAILABLE]",
		">250 ok", "<XFORWARD PROTO=ESMTP HELO=a+20b", ">250 ok",
		"<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT", ">250 ok",
		"<DATA", ">354 go", ".", ">250 done", "<QUIT"),
	    arena, &heard);
	is(got, "sent 2.0.0 250 done | sent 2.0.0 250 done", "XFORWARD");
	arena_free(arena);
}

/* What the first recipient's outcome must begin with. */
static const struct {
	const char *what;
	const char *const *script;
	const char *want;
} failures[] = {
	{ "hang-up instead of a greeting", SCRIPT("close"),
	    "deferred 4.4.2 lost connection with 127.0.0.1[127.0.0.1] while "
	    "receiving the initial server greeting" },
	{ "421 as greeting", SCRIPT(">421 4.3.2 busy", "close"),
	    "deferred 4.3.2 host 127.0.0.1[127.0.0.1] refused to talk to me: "
	    "421 4.3.2 busy" },
	{ "554 as greeting (smtp_skip_5xx_greeting, T-01)",
	    SCRIPT(">554 5.7.1 no", "close"),
	    "deferred 4.7.1 host 127.0.0.1[127.0.0.1] refused to talk to me: "
	    "554 5.7.1 no" },
	{ "no SMTP", SCRIPT(">HTTP/1.1 400 Bad Request", "close"),
	    "deferred 4.5.0 protocol error: malformed reply" },
	{ "code 999", SCRIPT(">999 x", "close"), "deferred 4.5.0" },
	{ "a line without end", SCRIPT("*20000 250 aaaaaaaaaaaaaaaaaaa"),
	    "deferred 4.5.0 protocol error: overlong reply" },
	{ "250- for ever", SCRIPT("*20000 220-x\r\n"), "deferred 4.5.0" },
	{ "replies before they are due",
	    SCRIPT(">>220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n250 x\r\n",
		"stall"),
	    "deferred 4.5.0 protocol error: unexpected reply" },
	{ "hang-up after EHLO", SCRIPT(HELLO, "close"),
	    "deferred 4.4.2 lost connection with 127.0.0.1[127.0.0.1] while "
	    "performing the EHLO handshake" },
	{ "EHLO and HELO refused",
	    SCRIPT(HELLO, ">502 no", "<HELO", ">502 no", "<QUIT"),
	    "bounced 5.0.0 host 127.0.0.1[127.0.0.1] refused to talk to me: "
	    "502 no" },
	{ "ourselves", SCRIPT(HELLO, ">250 me.example", "<QUIT"),
	    "deferred 4.4.6 mail for" },
	{ "hang-up after MAIL", SCRIPT(PLAIN, "<MAIL", "close"),
	    "deferred 4.4.2 lost connection with 127.0.0.1[127.0.0.1] while "
	    "sending MAIL FROM" },
	{ "MAIL refused for now",
	    SCRIPT(PLAIN, "<MAIL", ">451 4.7.1 later", "<QUIT"),
	    "deferred 4.7.1 host 127.0.0.1[127.0.0.1] said: 451 4.7.1 later "
	    "(in reply to MAIL FROM command)" },
	{ "MAIL refused", SCRIPT(PLAIN, "<MAIL", ">550 no", "<QUIT"),
	    "bounced 5.0.0 host 127.0.0.1[127.0.0.1] said: 550 no (in reply "
	    "to MAIL FROM command)" },
	{ "MAIL answered with 354", SCRIPT(PLAIN, "<MAIL", ">354 go", "<QUIT"),
	    "deferred 4.5.0 Protocol error: host" },
	{ "pipelined, MAIL refused, 354 all the same",
	    SCRIPT(PIPELINING, "<MAIL", "<RCPT", "<RCPT", "<DATA",
		">>550 no\r\n503 no\r\n503 no\r\n354 go\r\n", "<.",
		">554 nobody", "<QUIT"),
	    "bounced 5.0.0 host 127.0.0.1[127.0.0.1] said: 550 no" },
	{ "all recipients refused, 354 all the same (hostile 117)",
	    SCRIPT(PIPELINING, "<MAIL", "<RCPT", "<RCPT", "<DATA",
		">>250 ok\r\n450 a\r\n450 b\r\n354 go\r\n", "<.", ">250 ok",
		"<QUIT"),
	    "deferred 4.0.0 host 127.0.0.1[127.0.0.1] said: 450 a" },
	{ "RST after RCPT", SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", "reset"),
	    "deferred 4.4.2 lost connection with 127.0.0.1[127.0.0.1] while "
	    "sending RCPT TO" },
	{ "421 to RCPT",
	    SCRIPT(
		PLAIN, "<MAIL", ">250 ok", "<RCPT", ">421 4.4.2 bye", "close"),
	    "deferred 4.4.2 host 127.0.0.1[127.0.0.1] said: 421 4.4.2 bye" },
	{ "DATA refused",
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">452 full", "<QUIT"),
	    "deferred 4.0.0 host 127.0.0.1[127.0.0.1] said: 452 full (in "
	    "reply to DATA command)" },
	{ "the answer to the message before the message",
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">>354 go\r\n250 ok\r\n", "stall"),
	    "deferred 4.5.0 protocol error: unexpected reply" },
	{ "hang-up during the message",
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">354 go", "reset"),
	    "deferred 4.4.2 lost connection with 127.0.0.1[127.0.0.1] while "
	    "sending" },
	{ "hang-up after the message",
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">354 go", ".", "close"),
	    "deferred 4.4.2 lost connection with 127.0.0.1[127.0.0.1] while "
	    "sending end of data -- message may be sent more than once" },
	{ "message refused",
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">354 go", ".", ">554 5.7.1 spam", "<QUIT"),
	    "bounced 5.7.1 host 127.0.0.1[127.0.0.1] said: 554 5.7.1 spam (in "
	    "reply to end of DATA command)" },
	{ "message answered with 354 once more",
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">354 go", ".", ">354 again", "<QUIT"),
	    "deferred 4.5.0 Protocol error" },
	{ "escape sequences in a refusal",
	    SCRIPT(PLAIN, "<MAIL", ">550 \033[2J\007no", "<QUIT"),
	    "bounced 5.0.0 host 127.0.0.1[127.0.0.1] said: 550 ?[2J?no" },
};

static void
failing(void)
{
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		struct arena *arena = arena_new();
		const char *heard, *got;

		got = try("", false, failures[i].script, arena, &heard);
		ok(strncmp(got, failures[i].want, strlen(failures[i].want)) ==
			0,
		    "hostile 115, 116: %s: %s", failures[i].what, got);
		arena_free(arena);
	}
}

static void
timeouts(void)
{
	struct arena *arena = arena_new();
	const char *heard, *got;

	got = try(
	    "smtp_helo_timeout = 1s\n", false, SCRIPT("stall"), arena, &heard);
	ok(strstr(got,
	       "deferred 4.4.2 conversation with 127.0.0.1[127.0.0.1] timed "
	       "out while receiving the initial server greeting") == got,
	    "no greeting: %s", got);
	got = try("smtp_data_done_timeout = 1s\n", false,
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">250 ok", "<DATA", ">354 go", ".", "stall"),
	    arena, &heard);
	ok(strstr(got,
	       "timed out while sending end of data -- message may be "
	       "sent more than once") != NULL,
	    "no answer to the message: %s", got);
	arena_free(arena);
}

#define LHLO ">220 x LMTP", "<LHLO me.example", ">>250-x\r\n250 PIPELINING\r\n"
#define TWO  "<MAIL", "<RCPT", "<RCPT", "<DATA"

static void
lmtp(void)
{
	struct arena *arena = arena_new();
	const char *heard, *got;

	got = try("lmtp_skip_quit_response = yes\n", true,
	    SCRIPT(LHLO, TWO, ">>250 a\r\n250 b\r\n250 c\r\n354 d\r\n", ".",
		">>250 2.0.0 first\r\n552 5.2.2 full\r\n", "<QUIT"),
	    arena, &heard);
	is(got,
	    "sent 2.0.0 250 2.0.0 first | bounced 5.2.2 host "
	    "127.0.0.1[127.0.0.1] said: 552 5.2.2 full (in reply to end of "
	    "DATA command)",
	    "I-36: a status for each recipient");
	got = try("lmtp_skip_quit_response = yes\n", true,
	    SCRIPT(LHLO, TWO, ">>250 a\r\n250 b\r\n250 c\r\n354 d\r\n", ".",
		">>250 2.0.0 first\r\n", "close"),
	    arena, &heard);
	is(got,
	    "sent 2.0.0 250 2.0.0 first | deferred 4.4.2 lost connection with "
	    "127.0.0.1[127.0.0.1] while sending end of data -- message may be "
	    "sent more than once",
	    "hostile 118: one reply too few");
	got = try("lmtp_skip_quit_response = yes\n", true,
	    SCRIPT(LHLO, TWO, ">>250 a\r\n550 b\r\n250 c\r\n354 d\r\n", ".",
		">>250 first\r\n250 second\r\n250 third\r\n", "<QUIT"),
	    arena, &heard);
	is(got,
	    "bounced 5.0.0 host 127.0.0.1[127.0.0.1] said: 550 b (in reply to "
	    "RCPT TO command) | sent 2.0.0 250 first",
	    "hostile 118: replies too many");
	arena_free(arena);
}

static void
tls(void)
{
	struct arena *arena = arena_new();
	const char *heard, *got;

	got = try("smtp_tls_security_level = encrypt\n", false,
	    SCRIPT(PLAIN, "<QUIT"), arena, &heard);
	ok(strstr(got,
	       "deferred 4.7.4 TLS is required, but was not offered "
	       "by host 127.0.0.1[127.0.0.1]") == got,
	    "hostile 126: STARTTLS stripped: %s", got);
	got = try("smtp_tls_security_level = encrypt\n", false,
	    SCRIPT(HELLO, ">>250-x\r\n250 STARTTLS\r\n", "<STARTTLS",
		">454 4.7.0 no", "<QUIT"),
	    arena, &heard);
	ok(strstr(got,
	       "TLS is required, but host 127.0.0.1[127.0.0.1] "
	       "refused to start TLS: 454 4.7.0 no") != NULL,
	    "refused: %s", got);
	got = try("smtp_tls_security_level = encrypt\n", false,
	    SCRIPT(HELLO, ">>250-x\r\n250 STARTTLS\r\n", "<STARTTLS", ">220 go",
		">what?", "close"),
	    arena, &heard);
	ok(strstr(got, "deferred 4.7.5 Cannot start TLS") == got,
	    "handshake failed: %s", got);
	got = try("smtp_tls_security_level = may\n", false,
	    SCRIPT(HELLO, ">>250-x\r\n250 STARTTLS\r\n", "<STARTTLS", ">220 go",
		">what?", "close", PLAIN, "<MAIL", ">250 ok", "<RCPT",
		">250 ok", "<RCPT", ">250 ok", "<DATA", ">354 go", ".",
		">250 done", "<QUIT"),
	    arena, &heard);
	is(got, "sent 2.0.0 250 done | sent 2.0.0 250 done",
	    "at level may once more without TLS");
	arena_free(arena);
}

/* Several servers: the next one is tried, and only what is left. */
static void
next_server(void)
{
	struct arena *arena = arena_new();
	struct testworld world = testworld_new("d.example MX 10 a.example\n"
					       "d.example MX 20 b.example\n"
					       "a.example A 127.0.0.1\n"
					       "b.example A 127.0.0.1\n");
	struct transport t;
	struct server s;
	struct delivery d;
	struct job job;

	server_start(&s,
	    SCRIPT(PLAIN, "<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT",
		">450 later", "<DATA", ">354 go", ".", ">250 first", "close",
		PLAIN, "<MAIL", ">250 ok", "<RCPT TO:<\"second", ">250 ok",
		"<DATA", ">354 go", ".", ">250 second", "<QUIT"));
	transport_make(&t, "", false, arena);
	job = job_make(arena_printf(arena, "d.example:%u", s.port));
	run(&t, &job, &world, arena, &d);
	server_stop(&s);
	is(outcome(&d), "sent 2.0.0 250 first | sent 2.0.0 250 second",
	    "a 4xx on one server, a 2xx on the next");
	ok(!s.surprised && s.connections == 2, "two sessions");
	ok(d.result.destination_reached && !d.result.destination_failed,
	    "the destination is well");
	server_free(&s);

	server_start(
	    &s, SCRIPT(">421 no", "close", ">421 4.3.2 neither", "close"));
	job = job_make(arena_printf(arena, "d.example:%u", s.port));
	run(&t, &job, &world, arena, &d);
	server_stop(&s);
	is(outcome(&d),
	    "deferred 4.3.2 host b.example[127.0.0.1] refused to talk to me: "
	    "421 4.3.2 neither | deferred 4.3.2 host b.example[127.0.0.1] "
	    "refused to talk to me: 421 4.3.2 neither",
	    "the last one's reason counts");
	ok(d.result.destination_failed && !d.result.destination_reached,
	    "the destination is not well");
	server_free(&s);

	job = job_make(arena_printf(arena, "d.example:%u", s.port));
	run(&t, &job, &world, arena, &d);
	is(outcome(&d),
	    arena_printf(arena,
		"deferred 4.4.1 connect to b.example[127.0.0.1]:%u: "
		"Connection refused | deferred 4.4.1 connect to "
		"b.example[127.0.0.1]:%u: Connection refused",
		s.port, s.port),
	    "nobody listens");
	t.agent->close(&t);
	conf_free(t.conf);
	arena_free(arena);
}

/* A connection serves several messages, and one that has died is no loss. */
static void
reuse(void)
{
	struct arena *arena = arena_new();
	struct testworld world = testworld_new("");
	struct transport t;
	struct server s;
	struct delivery d;
	struct job job;
	const char *want = "sent 2.0.0 250 x | sent 2.0.0 250 x";

	server_start(&s,
	    SCRIPT(PIPELINING, TWO, ">>250 a\r\n250 b\r\n250 c\r\n354 d\r\n",
		".", ">250 x", "<QUIT", "close", PIPELINING, TWO,
		">>250 a\r\n250 b\r\n250 c\r\n354 d\r\n", ".", ">250 x", TWO,
		">>250 a\r\n250 b\r\n250 c\r\n354 d\r\n", ".", ">250 x", TWO,
		">>421 4.4.2 idle too long\r\n", "close", PIPELINING, TWO,
		">>250 a\r\n250 b\r\n250 c\r\n354 d\r\n", ".", ">250 x",
		"close"));
	transport_make(&t, "", false, arena);
	job = job_make(arena_printf(arena, "[127.0.0.1]:%u", s.port));
	for (int i = 0; i < 4; i++) {
		run(&t, &job, &world, arena, &d);
		is(outcome(&d), want, "message %d", i + 1);
	}
	server_stop(&s);
	ok(!s.surprised && s.connections == 3,
	    "the first alone, two over one, a dead one replaced");
	t.agent->close(&t);
	server_free(&s);
	conf_free(t.conf);
	arena_free(arena);
}

int
main(void)
{
	struct event_target quiet = { .name = "weir", .json_fd = -1 };

	quiet.fd = open("/dev/null", O_WRONLY);
	event_open(&quiet);
	dialogues();
	failing();
	timeouts();
	lmtp();
	tls();
	next_server();
	reuse();
	return done_testing();
}
