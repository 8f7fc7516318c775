/* The smtp and lmtp agents against servers that do as a script says: what is
 * said to them, in how many sessions, and what becomes of each recipient
 * (hostile 118). */
#include "delivery/smtp_agent.h"

#include <netinet/in.h>

#include "t/smtp_agent_rig.h"

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
		"<XFORWARD NAME=client.example ADDR=IPv6:2001:db8::1",
		">250 ok", "<XFORWARD PROTO=ESMTP HELO=a+20b", ">250 ok",
		"<MAIL", ">250 ok", "<RCPT", ">250 ok", "<RCPT", ">250 ok",
		"<DATA", ">354 go", ".", ">250 done", "<QUIT"),
	    arena, &heard);
	is(got, "sent 2.0.0 250 done | sent 2.0.0 250 done", "XFORWARD");
	arena_free(arena);
}

#define LHLO ">220 x LMTP", "<LHLO me.example", ">>250-x\r\n250 PIPELINING\r\n"

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

/* Whether we tell the sender that it was sent, or the server does. */
static void
reports(void)
{
	static const struct {
		const char *what, *settings;
		const char *offers;
		enum job_report report;
		bool lmtp;
	} cases[] = {
		{ "SMTP", "", "250 x", JOB_REPORT_RELAYED, false },
		{ "SMTP with DSN", "", "250 DSN", JOB_REPORT_PASSED, false },
		{ "SMTP is never final", "lmtp_assume_final = yes\n", "250 x",
		    JOB_REPORT_RELAYED, false },
		{ "LMTP", "", "250 x", JOB_REPORT_RELAYED, true },
		{ "LMTP is final", "lmtp_assume_final = yes\n", "250 x",
		    JOB_REPORT_DELIVERED, true },
		{ "LMTP with DSN is not final", "lmtp_assume_final = yes\n",
		    "250 DSN", JOB_REPORT_PASSED, true },
	};
	struct testworld world = testworld_new("");

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *arena = arena_new();
		struct transport t;
		struct server s;
		struct delivery d;
		struct job job;

		server_start(&s,
		    SCRIPT(">220 x ESMTP", cases[i].lmtp ? "<LHLO" : "<EHLO",
			">250-x", arena_printf(arena, ">%s", cases[i].offers),
			"<MAIL", ">250 a", "<RCPT", ">250 b", "<RCPT", ">250 c",
			"<DATA", ">354 d", ".", ">250 e", ">250 f"));
		transport_make(&t, cases[i].settings, cases[i].lmtp, arena);
		job = job_make(arena_printf(arena, "[127.0.0.1]:%u", s.port));
		run(&t, &job, &world, arena, &d);
		server_stop(&s);
		ok(d.result.outcomes[0].status == JOB_SENT &&
			d.result.outcomes[0].report == cases[i].report,
		    "%s", cases[i].what);
		t.agent->close(&t);
		server_free(&s);
		conf_free(t.conf);
		arena_free(arena);
	}
}

/* A socket that keeps its port, where nobody listens. */
static int
closed_port(unsigned *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)bind(fd, (struct sockaddr *)&sin, sizeof sin);
	(void)getsockname(fd, (struct sockaddr *)&sin, &len);
	*port = ntohs(sin.sin_port);
	return fd;
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
	unsigned port;
	int fd;

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

	fd = closed_port(&port);
	job = job_make(arena_printf(arena, "d.example:%u", port));
	run(&t, &job, &world, arena, &d);
	is(outcome(&d),
	    arena_printf(arena,
		"deferred 4.4.1 connect to b.example[127.0.0.1]:%u: "
		"Connection refused | deferred 4.4.1 connect to "
		"b.example[127.0.0.1]:%u: Connection refused",
		port, port),
	    "nobody listens");
	(void)close(fd);
	t.agent->close(&t);
	conf_free(t.conf);
	arena_free(arena);
}

/* Of a server whose name is an alias. */
static void
aliases(void)
{
	static const char *const settings[] = { "",
		"smtp_cname_overrides_servername = yes\n" };
	static const char *const names[] = { "alias.example", "real.example" };
	struct testworld world =
	    testworld_new("d.example MX 10 alias.example\n"
			  "alias.example CNAME real.example\n"
			  "real.example A 127.0.0.1\n");

	for (size_t i = 0; i < 2; i++) {
		struct arena *arena = arena_new();
		struct transport t;
		struct delivery d;
		struct job job;
		unsigned port;
		int fd = closed_port(&port);

		transport_make(&t, settings[i], false, arena);
		job = job_make(arena_printf(arena, "d.example:%u", port));
		job.nrcpts = 1;
		run(&t, &job, &world, arena, &d);
		is(outcome(&d),
		    arena_printf(arena,
			"deferred 4.4.1 connect to %s[127.0.0.1]:%u: "
			"Connection refused",
			names[i], port),
		    "an alias is known as %s", names[i]);
		(void)close(fd);
		t.agent->close(&t);
		conf_free(t.conf);
		arena_free(arena);
	}
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
	be_quiet();
	dialogues();
	lmtp();
	reports();
	next_server();
	aliases();
	reuse();
	return done_testing();
}
