/* Servers that do what they should not, or cannot do what they must, and what
 * becomes of the recipients (hostile 115 to 117, 126). */
#include "t/smtp_agent_rig.h"

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
	{ "hang-up after MAIL", SCRIPT(PLAIN, "<MAIL", "close"),
	    "deferred 4.4.2 lost connection with 127.0.0.1[127.0.0.1] while "
	    "sending MAIL FROM" },
	{ "MAIL refused for now",
	    SCRIPT(PLAIN, "<MAIL", ">451 4.7.1 later", "<RSET", ">250 ok",
		"<QUIT"),
	    "deferred 4.7.1 host 127.0.0.1[127.0.0.1] said: 451 4.7.1 later "
	    "(in reply to MAIL FROM command)" },
	{ "MAIL refused",
	    SCRIPT(PLAIN, "<MAIL", ">550 no", "<RSET", ">250 ok", "<QUIT"),
	    "bounced 5.0.0 host 127.0.0.1[127.0.0.1] said: 550 no (in reply "
	    "to MAIL FROM command)" },
	{ "MAIL answered with 354",
	    SCRIPT(PLAIN, "<MAIL", ">354 go", "<RSET", ">250 ok", "<QUIT"),
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
		">250 ok", "<DATA", ">452 full", "<RSET", ">250 ok", "<QUIT"),
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
	    SCRIPT(PLAIN, "<MAIL", ">550 \033[2J\007no", "<RSET", ">250 ok",
		"<QUIT"),
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

int
main(void)
{
	be_quiet();
	failing();
	timeouts();
	tls();
	return done_testing();
}
