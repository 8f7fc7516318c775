/* Transcripts of sessions, and the notices that they make.  P-083, Q-43. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "queue/transcript.h"
#include "queue/transcript_notice.h"
#include "t/tap.h"

static const struct transcript_site site = {
	.classes = TRANSCRIPT_POLICY,
	.to = "postmaster",
	.myhostname = "mx.example.com",
	.myorigin = "example.com",
	.mail_name = "Weir",
	.double_bounce = "double-bounce@mx.example.com",
};

static void
add(struct transcript *t, const char *direction, const char *text)
{
	transcript_add(t, direction, text, strlen(text));
}

static void
test_lines(void)
{
	static const char reply[] = "250-a\r\n250 b\r\n";
	struct transcript *t = transcript_new(true), *plain;
	struct buf out = { 0 };

	add(t, "In:  ", "x\ty\x7f\xc3\xa4\xe4z");
	transcript_reply(t, "Out: ", reply, sizeof reply - 1);
	ok(transcript_lines(t) == 3, "lines are counted");
	transcript_print(t, &out);
	is(buf_str(&out), "In:  x?y?\xc3\xa4?z\nOut: 250-a\nOut: 250 b\n",
	    "what cannot be shown, and a reply");
	transcript_reset(t);
	buf_reset(&out);
	transcript_print(t, &out);
	ok(transcript_lines(t) + out.len == 0, "reset");
	plain = transcript_new(false);
	add(plain, "", "\xc3\xa4");
	transcript_print(plain, &out);
	is(buf_str(&out), "??\n", "without SMTPUTF8");
	transcript_free(plain);
	transcript_free(t);
	buf_free(&out);
}

/* Whatever a client does, little is kept: the beginning and the end. */
static void
test_bounds(void)
{
	struct transcript *t = transcript_new(true);
	struct buf out = { 0 };
	unsigned left_out = 0;
	char line[2049], *note;

	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	add(t, "In:  ", "first");
	for (int i = 0; i < 10000; i++)
		add(t, i % 7 != 0 ? "In:  " : "Out: ",
		    i % 3 != 0 ? "short" : line);
	add(t, "In:  ", "last");
	transcript_print(t, &out);
	ok(out.len < 48000, "%zu octets of 20,000,000", out.len);
	ok(strncmp(buf_str(&out), "In:  first\n", 11) == 0, "the beginning");
	ok(out.len > 10 && strcmp(out.data + out.len - 10, "In:  last\n") == 0,
	    "the end");
	note = strstr(buf_str(&out), "\n(");
	ok(note != NULL && strstr(note, " lines left out)\n") != NULL,
	    "what is missing is said");
	if (note != NULL)
		left_out = (unsigned)strtoul(note + 2, NULL, 10);
	for (const char *p = buf_str(&out); *p != '\0'; p++)
		left_out += *p == '\n';
	ok(left_out == 10003, "... and how much");
	transcript_free(t);
	buf_free(&out);
}

static void
test_notice(void)
{
	static const struct transcript_about about = {
		.whose = "SMTP server", .peer = "a[192.0.2.1]", .end = "timeout"
	};
	struct transcript *t = transcript_new(true);
	struct transcript_notice *n;
	const char *headers;

	add(t, "In:  ",
	    "0123456789 0123456789 0123456789 0123456789 0123456789 "
	    "0123456789 0123456 890  0123456789");
	add(t, "Out: ", "");
	n = transcript_notice_new(t, &site, &about, "ABC123");
	headers = buf_str(&n->headers);
	ok(strstr(headers,
	       "\r\nFrom: Mail Delivery System <MAILER-DAEMON@example.com>\r\n"
	       "To: Postmaster <postmaster@example.com>\r\n"
	       "Subject: Weir SMTP server: errors from a[192.0.2.1]\r\n") !=
		NULL,
	    "headers");
	is(buf_str(&n->body),
	    "Transcript of session follows.\r\n\r\n"
	    " In:  0123456789 0123456789 0123456789 0123456789 0123456789 "
	    "0123456789 0123456\r\n"
	    "     890  0123456789\r\n"
	    " Out:\r\n\r\n"
	    "Session aborted, reason: timeout\r\n\r\n"
	    "For other details, see the local mail logfile\r\n",
	    "text");
	is(n->e.rcpts[0].address, "postmaster@example.com", "recipient");
	is(n->e.sender, "double-bounce@mx.example.com", "sender");
	ok(transcript_notice_is(&site, n->e.sender), "no notice is about it");
	ok(!transcript_notice_is(&site, "a@example.com"), "... but of others");
	ok(n->e.is_bounce && !n->e.unseen, "it is one of ours");
	transcript_notice_free(n);
	transcript_free(t);
}

int
main(void)
{
	test_lines();
	test_bounds();
	test_notice();
	return done_testing();
}
