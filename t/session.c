/* Whole sessions, the queue being the test's: what is said to what. */
#include <signal.h>

#include "base/fatal.h"
#include "t/rig.h"
#include "t/tap.h"

#define HELLO "EHLO me.example\r\n"
#define TO_USER                                                                \
	"MAIL FROM:<a@b.example>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n"

static struct rig rig;

static void
says(const char *text, const char *want)
{
	const char *got = rig_say(&rig, text);

	ok(strncmp(got, want, strlen(want)) == 0, "%.*s: %.*s",
	    (int)strcspn(text, "\r\n") % 60, text, (int)strcspn(want, "\r\n"),
	    want);
	if (strncmp(got, want, strlen(want)) != 0)
		printf("# got %.*s\n", (int)strcspn(got, "\r\n"), got);
}

/* What Debian's Postfix 3.7 answers to the same. */
static void
syntax(void)
{
	rig_open(&rig,
	    "smtpd_recipient_limit = 3\n"
	    "smtpd_recipient_overshoot_limit = 1\n"
	    "smtpd_hard_error_limit = 200\n");
	rig_connect(&rig, "127.0.0.1");
	says("", "220 mx.example.com ESMTP Postfix\r\n");
	says("DATA\r\n", "503 5.5.1 Error: need RCPT command\r\n");
	says("RCPT TO:<user@example.com>\r\n",
	    "503 5.5.1 Error: need MAIL command\r\n");
	says("HELO\r\n", "501 Syntax: HELO hostname\r\n");
	says("EHLO\r\n", "501 Syntax: EHLO hostname\r\n");
	says("\r\n", "500 5.5.2 Error: bad syntax\r\n");
	says("FOO\r\n", "500 5.5.2 Error: command not recognized\r\n");
	says("EHLO a\xff\r\n", "500 5.5.2 Error: bad UTF-8 syntax\r\n");
	says("XCLIENT NAME=x\r\n",
	    "550 5.7.0 Error: insufficient authorization\r\n");
	says("HELO foo bar\r\n", "250 mx.example.com\r\n");
	says("VRFY\r\n", "501 5.5.4 Syntax: VRFY address [SMTPUTF8]\r\n");
	says("VRFY user\r\n", "252 2.0.0 user\r\n");
	says("VRFY a@b c\r\n", "501 5.1.3 Bad recipient address syntax\r\n");
	says("NOOP foo\r\n", "250 2.0.0 Ok\r\n");
	says("RSET foo\r\n", "501 5.5.4 Syntax: RSET\r\n");
	says("RSET\r\n", "250 2.0.0 Ok\r\n");
	says("ETRN\r\n", "500 Syntax: ETRN domain\r\n");
	says("ETRN x.com\r\n", "459 <x.com>: service unavailable\r\n");
	says("AUTH PLAIN\r\n",
	    "503 5.5.1 Error: authentication not enabled\r\n");
	says("STARTTLS\r\n", "502 5.5.1 Error: command not implemented\r\n");
	says("MAIL\r\n", "501 5.5.4 Syntax: MAIL FROM:<address>\r\n");
	says("MAIL FROM:\r\n", "501 5.5.4 Syntax: MAIL FROM:<address>\r\n");
	says("MAIL FROM:<a b>\r\n", "501 5.1.7 Bad sender address syntax\r\n");
	says(
	    "MAIL FROM:<a@b> FOO\r\n", "555 5.5.4 Unsupported option: FOO\r\n");
	says("MAIL FROM:<a@b> BODY=xyz\r\n",
	    "555 5.5.4 Unsupported option: BODY=xyz\r\n");
	says("MAIL FROM:<a@b> SIZE=-1\r\n",
	    "501 5.5.4 Bad message size syntax\r\n");
	says("MAIL FROM:<a@b> SIZE=99999999999999999999\r\n",
	    "552 5.3.4 Message size exceeds file system imposed limit\r\n");
	says("MAIL FROM:<a@b> SIZE=99999999\r\n",
	    "552 5.3.4 Message size exceeds fixed limit\r\n");
	says("MAIL FROM:<a@b> RET=x\r\n",
	    "501 5.5.4 Bad RET parameter syntax\r\n");
	says("MAIL FROM:<a@b> ENVID=+0A\r\n",
	    "501 5.5.4 Bad ENVID parameter syntax\r\n");
	says("MAIL FROM:<a@b>\r\n", "250 2.1.0 Ok\r\n");
	says("MAIL FROM:<a@b>\r\n", "503 5.5.1 Error: nested MAIL command\r\n");
	says("DATA\r\n", "554 5.5.1 Error: no valid recipients\r\n");
	says("RCPT\r\n", "501 5.5.4 Syntax: RCPT TO:<address>\r\n");
	says("RCPT TO:<>\r\n", "501 5.1.3 Bad recipient address syntax\r\n");
	says("RCPT TO:<user@example.com> NOTIFY=FOO\r\n",
	    "501 5.5.4 Error: Bad NOTIFY parameter syntax\r\n");
	says("RCPT TO:<user@example.com> ORCPT=rfc822\r\n",
	    "501 5.5.4 Error: Bad ORCPT parameter syntax\r\n");
	says("RCPT TO:<user@example.com> FOO=x\r\n",
	    "555 5.5.4 Unsupported option: FOO=x\r\n");
	says("RCPT TO:<user@example.com>\r\n", "250 2.1.5 Ok\r\n");
	says("RCPT TO:user@example.com\r\n", "250 2.1.5 Ok\r\n");
	says("DATA x\r\n", "501 5.5.4 Syntax: DATA\r\n");
	says("rcpt to: <other@example.com>\r\n", "250 2.1.5 Ok\r\n");
	says("RCPT TO:<x@example.com>\r\n",
	    "452 4.5.3 Error: too many recipients\r\n");
	says("RSET\r\n", "250 2.0.0 Ok\r\n");
	says("QUIT x\r\n", "221 2.0.0 Bye\r\n");
	rig_hang_up(&rig);
	rig_close(&rig);
}

static void
has(const char *text, const char *want, const char *what)
{
	ok(strstr(text, want) != NULL, "%s", what);
	if (strstr(text, want) == NULL)
		printf("# in: %.400s\n", text);
}

static void
message(void)
{
	rig_open(&rig, "");
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	has(rig_say(&rig, HELLO),
	    "250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
	    "250-VRFY\r\n250-ETRN\r\n250-ENHANCEDSTATUSCODES\r\n"
	    "250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n",
	    "EHLO announces what there is, in Postfix's order");
	has(rig_say(&rig, TO_USER),
	    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with "
	    "<CR><LF>.<CR><LF>\r\n",
	    "a group of commands");
	says("Bcc: x\r\nSubject: a\r\n b\r\n\r\n..x\r\ny\r\n.\r\n",
	    "250 2.0.0 Ok: queued as ");
	is(buf_str(&rig.queue.body), ".x\r\ny\r\n", "the body");
	is(buf_str(&rig.queue.rcpts), "user@example.com", "the recipient");
	has(buf_str(&rig.queue.headers),
	    "Received: from me.example (unknown [127.0.0.1])\r\n"
	    "\tby mx.example.com (Postfix) with ESMTP id ",
	    "the Received: header");
	has(buf_str(&rig.queue.headers), "\r\n\tfor <user@example.com>; ",
	    "for whom it is");
	has(buf_str(&rig.queue.headers),
	    "\r\nSubject: a\r\n b\r\nMessage-Id: <",
	    "Bcc: is dropped, Message-Id: added for a local client");
	ok(memcmp(rig.queue.headers.data + rig.queue.headers.len - 4,
	       "\r\n\r\n", 4) == 0,
	    "an empty line ends the headers");
	says("MAIL FROM:<>\r\n", "250 2.1.0 Ok\r\n");
	rig.queue.answer = SUBMIT_FULL;
	(void)rig_say(&rig, "RCPT TO:<user@example.com>\r\n");
	(void)rig_say(&rig, "DATA\r\n");
	says(".\r\n", "452 4.3.1 Insufficient system storage\r\n");
	rig.queue.answer = SUBMIT_FAILED;
	(void)rig_say(&rig, TO_USER);
	says(".\r\n", "451 4.3.0 Error: queue file write error\r\n");
	rig.queue.full = true;
	says("MAIL FROM:<a@b>\r\n", "452 4.3.1 Insufficient system storage");
	rig_hang_up(&rig);
	rig_close(&rig);
}

/* Headers that are none, and lines that are long. */
static void
odd_messages(void)
{
	struct buf big = { 0 };

	rig_open(&rig,
	    "always_add_missing_headers = no\n"
	    "local_header_rewrite_clients =\n"
	    "message_size_limit = 200000\nheader_size_limit = "
	    "1000\n");
	rig_connect(&rig, "192.0.2.1");
	(void)rig_say(&rig, "");
	(void)rig_say(&rig, HELLO);
	(void)rig_say(&rig, TO_USER);
	says("no header\r\nSubject: x\r\n.\r\n", "250 ");
	is(buf_str(&rig.queue.body), "no header\r\nSubject: x\r\n",
	    "text without headers is body");
	(void)rig_say(&rig, TO_USER);
	says("From x y\r\n>From z\r\na: b\r\n.\r\n", "250 ");
	has(buf_str(&rig.queue.headers),
	    "\r\nX-Mailbox-Line: From x y\r\nX-Mailbox-Line: >From z\r\n"
	    "a: b\r\n",
	    "a mailbox separator becomes a header");
	(void)rig_say(&rig, TO_USER);
	says(" a: b\r\nc: d\r\n.\r\n", "250 ");
	is(buf_str(&rig.queue.body), " a: b\r\nc: d\r\n",
	    "a first line with a blank is body");
	(void)rig_say(&rig, TO_USER);
	buf_puts(&big, "a: ");
	for (int i = 0; i < 5000; i++)
		buf_putc(&big, 'x');
	buf_puts(&big, "\r\nb: c\r\n\r\n");
	for (int i = 0; i < 5000; i++)
		buf_putc(&big, 'y');
	buf_puts(&big, "\r\n.\r\n");
	says(buf_str(&big), "250 ");
	has(buf_str(&rig.queue.headers), "x\r\nb: c\r\n\r\n",
	    "row 35: a long header is cut");
	ok(rig.queue.headers.len < 2048 + 300,
	    "... behind the piece that goes beyond header_size_limit");
	ok(rig.queue.body.len == 5002, "row 34: a long line of the body not");
	(void)rig_say(&rig, TO_USER);
	buf_reset(&big);
	for (int i = 0; i < 55; i++)
		buf_puts(&big, "Received: x\r\n");
	buf_puts(&big, ".\r\n");
	says(buf_str(&big), "554 5.4.0 Error: too many hops\r\n");
	buf_reset(&big);
	for (int i = 0; i < 30000; i++)
		buf_puts(&big, "12345678\r\n");
	buf_puts(&big, ".\r\n");
	(void)rig_say(&rig, TO_USER);
	says(buf_str(&big), "552 5.3.4 Error: message file too big\r\n");
	says("NOOP\r\n", "250 2.0.0 Ok\r\n");
	rig_hang_up(&rig);
	buf_free(&big);
	rig_close(&rig);
}

static void
newlines(void)
{
	rig_open(&rig,
	    "smtpd_forbid_bare_newline = reject\n"
	    "smtpd_forbid_bare_newline_exclusions =\n");
	rig_connect(&rig, "192.0.2.1");
	(void)rig_say(&rig, "");
	(void)rig_say(&rig, HELLO);
	(void)rig_say(&rig, TO_USER);
	says("a: b\n.\r\nMAIL FROM:<evil>\r\n.\r\n",
	    "550 5.5.2 mx.example.com Error: bare <LF> received\r\n");
	says("NOOP\n", "550 5.5.2 mx.example.com Error: bare <LF> received");
	rig_hang_up(&rig);
	ok(rig.queue.accepted == 0, "nothing went through");
	rig_close(&rig);
}

/* Rows 28, 30, 44, 49, 52 of hostile.md. */
static void
rude_clients(void)
{
	static const char group[] = "EHLO x\r\nMAIL FROM:<a@b>\r\n";
	static const char body[] = HELLO;
	static const char get[] = "GET / HTTP/1.0\r\nHost: x\r\n\r\n";
	struct buf errors = { 0 };
	const char *said;

	rig_open(&rig, "");
	said = rig_converse(&rig, "192.0.2.1", group, sizeof group - 1);
	is(said,
	    "220 mx.example.com ESMTP Postfix\r\n"
	    "554 5.5.0 Error: SMTP protocol synchronization\r\n",
	    "row 30: a command behind EHLO");
	said = rig_converse(&rig, "192.0.2.1", get, sizeof get - 1);
	has(said, "\r\n221 2.7.0 Error: I can break rules, too. Goodbye.\r\n",
	    "row 49: HTTP");
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	(void)rig_say(&rig, body);
	said = rig_say(&rig, TO_USER "a\r\n.\r\nQUIT\r\n");
	has(said, "\r\n554 5.5.0 Error: SMTP protocol synchronization\r\n",
	    "row 28: content before 354");
	rig_hang_up(&rig);
	rig_close(&rig);
	rig_open(&rig, "smtpd_forbid_unauth_pipelining = no\n");
	for (int i = 0; i < 21; i++)
		buf_puts(&errors, "FOO\r\n");
	said = rig_converse(&rig, "192.0.2.1", errors.data, errors.len);
	has(said, "\r\n421 4.7.0 mx.example.com Error: too many errors\r\n",
	    "row 52: 21 mistakes");
	buf_free(&errors);
	ok(rig.queue.accepted == 0, "nothing went through");
	rig_close(&rig);
}

/* what may be sent ahead is no mistake; what may not is one for the rest
 * of the session. */
static void
ahead(void)
{
	rig_open(&rig,
	    "smtpd_forbid_unauth_pipelining = no\n"
	    "smtpd_recipient_restrictions = reject_unauth_pipelining\n");
	rig_connect(&rig, "192.0.2.1");
	(void)rig_say(&rig, "");
	(void)rig_say(&rig, HELLO);
	has(rig_say(&rig, TO_USER "a: b\r\n.\r\n"),
	    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 ",
	    "R-53: a group of commands is as it should be");
	has(rig_say(&rig, TO_USER),
	    "250 2.1.0 Ok\r\n503 5.5.0 <user@example.com>: Recipient address "
	    "rejected: Improper use of SMTP command pipelining\r\n",
	    "... but not any more after content that came before 354");
	rig_hang_up(&rig);
	rig_close(&rig);
}

static void
overlong(void)
{
	struct buf b = { 0 };

	rig_open(&rig, "smtpd_forbid_unauth_pipelining = no\n");
	rig_connect(&rig, "192.0.2.1");
	(void)rig_say(&rig, "");
	buf_puts(&b, "NOOP ");
	for (int i = 0; i < 100000; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "\r\n");
	says(buf_str(&b), "250 2.0.0 Ok\r\n");
	buf_reset(&b);
	buf_puts(&b, "MAIL FROM:<");
	for (int i = 0; i < 100000; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "@b>\r\n");
	says(buf_str(&b), "501 5.1.7 Bad sender address syntax\r\n");
	says("NOOP\r\n", "250 2.0.0 Ok\r\n");
	rig_hang_up(&rig);
	buf_free(&b);
	rig_close(&rig);
}

static void
xclient(void)
{
	rig_open(&rig,
	    "smtpd_authorized_xclient_hosts = 127.0.0.1\n"
	    "smtpd_authorized_xforward_hosts = 127.0.0.1\n"
	    "smtpd_delay_reject = no\n"
	    "smtpd_client_restrictions = check_client_access "
	    "inline:{bad.example=REJECT}\n"
	    "smtpd_relay_restrictions = permit_mynetworks, reject\n");
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	has(rig_say(&rig, HELLO),
	    "250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN "
	    "DESTADDR DESTPORT\r\n250-XFORWARD NAME ADDR PROTO HELO SOURCE "
	    "PORT IDENT\r\n",
	    "XCLIENT and XFORWARD are announced to whom may use them");
	says("XCLIENT\r\n", "501 5.5.4 Syntax: XCLIENT attribute=value...\r\n");
	says("XCLIENT FOO=bar\r\n",
	    "501 5.5.4 Bad XCLIENT attribute name: FOO\r\n");
	says("XCLIENT ADDR=zzz\r\n", "501 5.5.4 Bad ADDR syntax: zzz\r\n");
	says("XCLIENT NAME\r\n",
	    "501 5.5.4 Error: attribute=value expected\r\n");
	says("XCLIENT PORT=x\r\n", "501 5.5.4 Bad PORT syntax: x\r\n");
	says("XCLIENT PROTO=foo\r\n", "501 5.5.4 Bad PROTO syntax: foo\r\n");
	says("XCLIENT NAME=[TEMPUNAVAIL] LOGIN=user\r\n",
	    "220 mx.example.com ESMTP Postfix\r\n");
	says("XCLIENT HELO=+GG NAME=[UNAVAILABLE]\r\n",
	    "220 mx.example.com ESMTP Postfix\r\n");
	says("XFORWARD SOURCE=foo\r\n", "501 5.5.4 Bad SOURCE syntax: foo\r\n");
	says(
	    "XFORWARD NAME=x.y ADDR=1.2.3.4 IDENT=abc\r\n", "250 2.0.0 Ok\r\n");
	says("XCLIENT NAME=bad.example ADDR=192.0.2.1\r\n",
	    "554 5.7.1 <bad.example[192.0.2.1]>: Client host rejected: "
	    "Access denied\r\n");
	says("HELO x\r\n",
	    "503 5.7.0 Error: access denied for bad.example[192.0.2.1]\r\n");
	says("QUIT\r\n", "221 2.0.0 Bye\r\n");
	rig_hang_up(&rig);
	rig_close(&rig);
}

/* What the queue could not take at once of a message's end does not stand in the
 * way of the next message. */
static void
crowded_queue(void)
{
	rig_open(&rig, "");
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	(void)rig_say(&rig, HELLO);
	rig.queue.crowded = true;
	(void)rig_say(&rig, TO_USER);
	says("Subject: a\r\n\r\nx\r\n.\r\n", "250 2.0.0 Ok: queued as ");
	rig.queue.crowded = false;
	(void)rig_say(&rig, TO_USER);
	says("Subject: b\r\n\r\ny\r\n.\r\n", "250 2.0.0 Ok: queued as ");
	is(buf_str(&rig.queue.body), "y\r\n", "the second one arrives");
	rig_hang_up(&rig);
	rig_close(&rig);
}

int
main(void)
{
	must(freopen("/dev/null", "w", stderr) != NULL);
	syntax();
	message();
	crowded_queue();
	odd_messages();
	newlines();
	rude_clients();
	ahead();
	overlong();
	xclient();
	return done_testing();
}
