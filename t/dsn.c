/* Delivery status notifications: structure, fields, and hostile texts.
 * RFC 3464; seeds Q-35 Q-40 Q-50 O-53; hostile 123. */
#include "queue/dsn.h"

#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "t/tap.h"

static struct dsn_rcpt rcpts[] = {
	{ .address = "user@example.com",
	    .original = "alias@example.com",
	    .orcpt = "rfc822;alias@example.com",
	    .dsn = "5.1.1",
	    .reason = "host mx.example.com[192.0.2.1] said: 550 5.1.1 "
		      "<user@example.com>: User unknown (in reply to RCPT TO "
		      "command)",
	    .remote = "dns; mx.example.com",
	    .diagnostic = "smtp; 550 5.1.1 <user@example.com>: User unknown" },
	{ .address = "b c@example.com",
	    .original = "",
	    .orcpt = "",
	    .dsn = "4.4.1",
	    .reason = "connect to x: Connection refused",
	    .remote = "",
	    .diagnostic = "" },
};

static const struct dsn sample = {
	.kind = DSN_FAILURE,
	.qid = "NOTICE1",
	.now = 1700000000 * CLOCK_SECOND,
	.to = "s@example.org",
	.myhostname = "mx.example",
	.from = "Mail Delivery System <MAILER-DAEMON@example>",
	.subject = "Undelivered Mail Returned to Sender",
	.charset = "us-ascii",
	.text = "This is the mail system at host mx.example.\n\nSorry.\n",
	.myorigin = "example",
	.mail_name = "Weir",
	.about = "ABOUT1",
	.sender = "s@example.org",
	.envid = "env+2Bid",
	.arrival = 1699990000 * CLOCK_SECOND,
	.retry_until = 1700400000 * CLOCK_SECOND,
	.rcpts = rcpts,
	.nrcpts = 2,
	.headers = "Subject: the original\r\n\r\n",
	.nheaders = 25,
	.body = "its body\r\n",
	.nbody = 10,
};

static struct buf headers, body;

static void
build(const struct dsn *dsn)
{
	buf_reset(&headers);
	buf_reset(&body);
	dsn_build(dsn, &headers, &body);
}

static bool
has(const struct buf *b, const char *text)
{
	return strstr(buf_str(b), text) != NULL;
}

/* The body after "\r\n--boundary\r\n" number ${n}. */
static size_t
count_parts(void)
{
	const char *b = strstr(buf_str(&headers), "boundary=\"");
	char boundary[128];
	size_t n = 0;

	if (b == NULL)
		return 0;
	b += strlen("boundary=\"");
	(void)snprintf(
	    boundary, sizeof boundary, "\r\n--%.*s", (int)strcspn(b, "\""), b);
	for (const char *p = buf_str(&body); (p = strstr(p, boundary)) != NULL;
	     p++)
		n++;
	return n;
}

/* Lines end in CRLF, have no other control characters, and are short. */
static bool
is_clean(const struct buf *b, bool eight_bit)
{
	size_t line = 0;

	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		line = c == '\n' ? 0 : line + 1;
		if (line > 1000 || (c > 127 && !eight_bit) ||
		    (c < ' ' && c != '\t' && c != '\r' && c != '\n') ||
		    (c == '\n' && (i == 0 || b->data[i - 1] != '\r')) ||
		    (c == '\r' && (i + 1 == b->len || b->data[i + 1] != '\n')))
			return false;
	}
	return true;
}

static void
test_failure(void)
{
	build(&sample);
	ok(has(&headers, "From: Mail Delivery System <MAILER-DAEMON@example>"),
	    "from (O-53)");
	ok(has(&headers,
	       "\r\nSubject: Undelivered Mail Returned to Sender\r\n"),
	    "subject (Q-50)");
	ok(has(&headers, "\r\nTo: s@example.org\r\n"), "to");
	ok(has(&headers, "\r\nAuto-Submitted: auto-replied\r\n"),
	    "auto-submitted");
	ok(has(&headers,
	       "Content-Type: multipart/report; report-type=delivery-status;"),
	    "multipart/report");
	ok(has(&headers, "Message-Id: <20231114221320.NOTICE1@mx.example>"),
	    "message id");
	ok(count_parts() == 4, "three parts and an end");
	ok(has(&body, "This is the mail system at host mx.example."),
	    "who we are");
	ok(has(&body,
	       "<user@example.com> (expanded from <alias@example.com>): host"),
	    "each recipient with its reason");
	ok(has(&body, "\r\nReporting-MTA: dns; mx.example\r\n"),
	    "Reporting-MTA");
	ok(has(&body, "\r\nOriginal-Envelope-Id: env+id\r\n"), "ENVID");
	ok(has(&body, "\r\nX-Weir-Queue-ID: ABOUT1\r\n"), "queue id");
	ok(has(&body, "\r\nX-Weir-Sender: rfc822; s@example.org\r\n"),
	    "sender");
	ok(has(&body, "\r\nArrival-Date: Tue, 14 Nov 2023 19:26:40 +0000"),
	    "arrival");
	ok(has(&body,
	       "\r\n\r\nFinal-Recipient: rfc822; user@example.com\r\n"
	       "Original-Recipient: rfc822;alias@example.com\r\n"
	       "Action: failed\r\nStatus: 5.1.1\r\n"
	       "Remote-MTA: dns; mx.example.com\r\n"
	       "Diagnostic-Code: smtp; 550 5.1.1 <user@example.com>: User "
	       "unknown\r\n"),
	    "the fields of a recipient");
	ok(has(&body, "Final-Recipient: rfc822; \"b c\"@example.com\r\n"),
	    "addresses are in external form");
	ok(has(&body, "Diagnostic-Code: X-Weir; connect to x: Connection"),
	    "a diagnostic of our own");
	ok(has(&body,
	       "Content-Type: message/rfc822\r\n\r\n"
	       "Return-Path: <s@example.org>\r\n"
	       "Subject: the original\r\n\r\nits body\r\n"),
	    "the message");
	ok(is_clean(&headers, false) && is_clean(&body, false), "clean");
}

static void
test_headers_only(void)
{
	struct dsn dsn = sample;

	dsn.headers_only = true;
	build(&dsn);
	ok(has(&body,
	       "Content-Description: Undelivered Message Headers\r\n"
	       "Content-Type: text/rfc822-headers\r\n"),
	    "RET=HDRS, or too large (Q-35): the header");
	ok(!has(&body, "its body"), "and no more");
}

static void
test_delay(void)
{
	struct dsn dsn = sample;

	dsn.kind = DSN_DELAY;
	dsn.headers_only = true;
	build(&dsn);
	ok(has(&body, "Action: delayed\r\n") &&
		has(&body, "\r\nWill-Retry-Until: Sun, 19 Nov 2023"),
	    "delay: action, until when");
	ok(has(&body, "Delayed Message Headers"), "delay: headers");
}

static void
test_success(void)
{
	struct dsn_rcpt both[2] = { rcpts[0], rcpts[1] };
	struct dsn dsn = sample;

	dsn.kind = DSN_SUCCESS;
	dsn.headers_only = true;
	dsn.rcpts = both;
	both[0].relayed = true;
	both[1].dsn = "2.0.0";
	build(&dsn);
	ok(has(&body, "Action: relayed\r\n") &&
		has(&body, "Action: delivered\r\nStatus: 2.0.0\r\n"),
	    "success: actions");
	ok(has(&body, "Content-Description: Message Headers\r\n"),
	    "success: headers");
}

/* What sendmail -v and -bv ask for. */
static void
test_trace(void)
{
	struct dsn_rcpt both[2] = { rcpts[0], rcpts[1] };
	struct dsn dsn = sample;

	dsn.kind = DSN_TRACE;
	dsn.subject = "Mail Delivery Status Report";
	dsn.headers_only = true;
	dsn.rcpts = both;
	both[0].action = "undeliverable";
	both[1].action = "deliverable";
	both[1].original = "here";
	build(&dsn);
	ok(has(&headers, "Subject: Mail Delivery Status Report"),
	    "trace: subject");
	ok(has(&body, "Action: undeliverable\r\n") &&
		has(&body, "Action: deliverable\r\n"),
	    "trace: actions");
	ok(has(&body, "Content-Description: Message Headers\r\n"),
	    "trace: headers");
	ok(has(&body, "Original-Recipient: rfc822;here@example\r\n"),
	    "a recipient without a domain gets ours");
}

/* What the postmaster gets instead, or as well. */
static void
test_postmaster(void)
{
	struct dsn dsn = sample;

	dsn.to = "postmaster";
	dsn.subject = "Postmaster Copy: Undelivered Mail";
	dsn.text = NULL;
	dsn.headers_only = true;
	for (int copy = 0; copy < 2; copy++) {
		dsn.kind = copy ? DSN_COPY : DSN_DOUBLE;
		build(&dsn);
		ok(has(&headers,
		       "\r\nSubject: Postmaster Copy: Undelivered Mail\r\n") &&
			has(&headers, "\r\nTo: postmaster\r\n") &&
			has(&body, "Action: failed\r\n"),
		    "postmaster, %s", copy ? "a copy" : "a double bounce");
		ok(has(&body,
		       "charset=us-ascii\r\n\r\n\r\n<user@example.com> "),
		    "without the text that is for senders");
	}
	dsn.kind = DSN_COPY_DELAY;
	build(&dsn);
	ok(has(&body, "Action: delayed\r\n"), "postmaster, of a delay");
}

/* What an administrator's template may have. */
static void
test_words(void)
{
	struct dsn dsn = sample;

	dsn.charset = "iso-8859-1";
	dsn.text = "one\r\ntw\xf6\n";
	dsn.subject = "a\tb\x01";
	build(&dsn);
	ok(has(&body,
	       "Content-Type: text/plain; charset=iso-8859-1\r\n"
	       "Content-Transfer-Encoding: 8bit\r\n\r\n"
	       "one\r\ntw\xf6\r\n\r\n<user@"),
	    "the charset of a template, and the ends of its lines");
	ok(has(&headers, "\r\nContent-Transfer-Encoding: 8bit\r\n"),
	    "what it has beyond ASCII is announced");
	ok(has(&headers, "\r\nSubject: a?b?\r\n"), "a subject is one line");
	dsn.utf8 = true;
	build(&dsn);
	ok(has(&body, "charset=iso-8859-1\r\n"),
	    "with SMTPUTF8, the text is still what it was");
	dsn.charset = "us-ascii";
	build(&dsn);
	ok(has(&body, "charset=utf-8\r\n"), "but ASCII is UTF-8, too");
	ok(!has(&headers, "References:"), "a notice refers to nothing");
	dsn.thread = "<m\r\n@x>";
	build(&dsn);
	ok(has(&headers,
	       "\r\nTo: s@example.org\r\nReferences: <m??@x>\r\n"
	       "In-Reply-To: <m??@x>\r\nAuto-Submitted:"),
	    "unless it is to (enable_threaded_bounces)");
}

static void
test_utf8(void)
{
	struct dsn_rcpt rcpt = rcpts[1];
	struct dsn dsn = sample;

	rcpt.address = "m\xc3\xbcller@example.com";
	dsn.rcpts = &rcpt;
	dsn.nrcpts = 1;
	dsn.utf8 = true;
	build(&dsn);
	ok(has(&headers, "report-type=delivery-status") &&
		has(&body,
		    "Content-Type: message/global-delivery-status\r\n") &&
		has(&body, "Content-Type: message/global\r\n") &&
		has(&body, "-Sender: rfc822; ") &&
		has(&body, "Final-Recipient: utf-8; m\xc3\xbcller@"),
	    "SMTPUTF8: global forms, and a type for each address");
	rcpt.reason = "\xc3\xbc\xc3 \xff";
	build(&dsn);
	ok(has(&body, ": \xc3\xbc? ?\r\n"), "nothing that is not UTF-8");
	dsn.utf8 = false;
	build(&dsn);
	ok(is_clean(&body, false), "without it there are no such octets");
	dsn.charset = "utf-8";
	build(&dsn);
	ok(has(&body,
	       "Content-Type: message/delivery-status\r\n"
	       "Content-Transfer-Encoding: 8bit\r\n\r\n") &&
		has(&body, "\r\nFinal-Recipient: utf-8; m\xc3\xbcller@") &&
		has(&body, ": \xc3\xbc? ?\r\n"),
	    "unless text is UTF-8 anyway");
	rcpt.address = rcpts[1].address;
	rcpt.reason = "no";
	build(&dsn);
	ok(has(&body, "Content-Type: message/delivery-status\r\n\r\n"),
	    "ASCII is announced as nothing else");
}

static void
test_hostile(void)
{
	static char word[5000];
	struct dsn_rcpt rcpt = rcpts[0];
	struct dsn dsn = sample;

	memset(word, 'x', sizeof word - 1);
	rcpt.reason = word;
	rcpt.diagnostic = "smtp; a\r\nContent-Type: text/html\r\n\r\n--x";
	rcpt.remote = "dns; \xff\x01";
	rcpt.orcpt = "rfc822;a\nb";
	dsn.rcpts = &rcpt;
	dsn.nrcpts = 1;
	dsn.envid = "e\r\nBcc: x@y";
	dsn.headers = "no line end";
	dsn.nheaders = 11;
	dsn.headers_only = true;
	build(&dsn);
	ok(is_clean(&headers, false) && is_clean(&body, false),
	    "nothing from the network makes lines of its own (123)");
	ok(!has(&body, "\nContent-Type: text/html") && !has(&body, "\nBcc:"),
	    "nor fields");
	ok(count_parts() == 4, "nor parts");
	dsn.eight_bit = true;
	build(&dsn);
	ok(has(&headers, "Content-Transfer-Encoding: 8bit\r\n"),
	    "8-bit content is announced");
}

int
main(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
	test_failure();
	test_headers_only();
	test_delay();
	test_success();
	test_trace();
	test_postmaster();
	test_words();
	test_utf8();
	test_hostile();
	buf_free(&headers);
	buf_free(&body);
	return done_testing();
}
