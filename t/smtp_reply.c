/* Replies of servers, well formed and not (hostile 116). */
#include "delivery/smtp_reply.h"

#include <stdio.h>
#include <string.h>

#include "t/tap.h"

static enum smtp_reply_status
feed(struct smtp_reply *r, const char *const *lines)
{
	enum smtp_reply_status status = SMTP_REPLY_MORE;

	smtp_reply_begin(r);
	for (; *lines != NULL && status == SMTP_REPLY_MORE; lines++)
		status = smtp_reply_line(r, *lines, strlen(*lines));
	return status;
}

#define REPLY(r, ...) feed(r, (const char *const[]){ __VA_ARGS__, NULL })

static void
good(void)
{
	struct smtp_reply r = { 0 };
	struct buf flat = { 0 };

	ok(REPLY(&r, "250 2.1.0 Ok") == SMTP_REPLY_DONE && r.code == 250,
	    "one line");
	is(r.dsn, "2.1.0", "its status");
	ok(REPLY(&r, "550-5.1.1 no", "550 5.1.1 such user") ==
		    SMTP_REPLY_DONE &&
		r.code == 550,
	    "two lines");
	smtp_reply_flat(&r, &flat);
	is(buf_str(&flat), "550-5.1.1 no 550 5.1.1 such user", "flat");
	ok(REPLY(&r, "250") == SMTP_REPLY_DONE && r.code == 250,
	    "a code alone");
	is(r.dsn, "2.0.0", "a status made of the code");
	ok(REPLY(&r, "450 5.1.1 confused") == SMTP_REPLY_DONE, "disagreement");
	is(r.dsn, "4.0.0", "the code wins");
	ok(REPLY(&r, "550 5.1.1x no") == SMTP_REPLY_DONE, "not quite a status");
	is(r.dsn, "5.0.0", "is none");
	ok(REPLY(&r, "354 go on") == SMTP_REPLY_DONE && r.code == 354, "354");
	is(r.dsn, "", "has no status");
	ok(REPLY(&r, "550 5.1000.1 no") == SMTP_REPLY_DONE, "four digits");
	is(r.dsn, "5.0.0", "are no status");
	buf_free(&flat);
	buf_free(&r.text);
}

static void
bad(void)
{
	struct smtp_reply r = { 0 };
	enum smtp_reply_status status = SMTP_REPLY_MORE;
	char longest[SMTP_REPLY_LINE + 2];
	const char nul[] = "250 a\0b\33[2J";
	int n = 0;

	ok(REPLY(&r, "999 what") == SMTP_REPLY_BAD, "code 999");
	ok(REPLY(&r, "100 what") == SMTP_REPLY_BAD, "code 100");
	ok(REPLY(&r, "") == SMTP_REPLY_BAD, "nothing");
	ok(REPLY(&r, "25") == SMTP_REPLY_BAD, "two digits");
	ok(REPLY(&r, "2500 x") == SMTP_REPLY_BAD, "four digits");
	ok(REPLY(&r, "250x") == SMTP_REPLY_BAD, "neither blank nor hyphen");
	ok(REPLY(&r, "HTTP/1.1 400 Bad Request") == SMTP_REPLY_BAD, "HTTP");
	smtp_reply_begin(&r);
	ok(smtp_reply_line(&r, nul, sizeof nul - 1) == SMTP_REPLY_DONE,
	    "NUL and escape in a line");
	is(buf_str(&r.text), "250 a?b?[2J", "become harmless");
	memset(longest, 'x', sizeof longest);
	memcpy(longest, "250 ", 4);
	smtp_reply_begin(&r);
	ok(smtp_reply_line(&r, longest, SMTP_REPLY_LINE + 1) == SMTP_REPLY_BAD,
	    "a line too long");
	smtp_reply_begin(&r);
	for (; status == SMTP_REPLY_MORE; n++)
		status = smtp_reply_line(&r, "250-for ever", 12);
	ok(status == SMTP_REPLY_BAD && n <= SMTP_REPLY_LINES + 1,
	    "250- for ever ends");
	ok(r.text.len <= SMTP_REPLY_TEXT, "and keeps little");
	buf_free(&r.text);
}

int
main(void)
{
	good();
	bad();
	return done_testing();
}
