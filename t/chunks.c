/* BDAT (RFC 3030) in whole sessions, as Debian's Postfix 3.7 answers it, the
 * queue being the test's.  Hostile 42, 43. */
#include "base/fatal.h"
#include "t/rig.h"
#include "t/tap.h"

#define HELLO   "EHLO me.example\r\n"
#define SENDER  "MAIL FROM:<a@b.example>\r\n"
#define TO_USER SENDER "RCPT TO:<user@example.com>\r\n"

static struct rig rig;

/* It holds ${want}. */
static void
has(const char *got, const char *want, const char *what)
{
	ok(strstr(got, want) != NULL, "%s", what);
	if (strstr(got, want) == NULL)
		printf("# got %s\n", got);
}

/* What was said from ${from} on, queue ids left out. */
static const char *
said_from(const char *said, const char *from)
{
	static struct buf text;
	const char *p = strstr(said, from), *id;

	buf_reset(&text);
	for (; p != NULL && (id = strstr(p, "queued as ")) != NULL;
	     p = id + strcspn(id, "\r"))
		buf_put(&text, p, (size_t)(id + 6 - p));
	buf_puts(&text, p != NULL ? p : "");
	return buf_str(&text);
}

/* ${text}, and nothing more; what is said to it is ${want}, behind the greeting
 * and the reply to EHLO. */
static void
talk(const char *name, const char *text, const char *want)
{
	static const char greeted[] = "250 CHUNKING\r\n";
	struct buf all = { 0 };
	const char *said;

	buf_puts(&all, HELLO);
	buf_puts(&all, text);
	buf_puts(&all, "QUIT\r\n");
	said = rig_converse(&rig, "127.0.0.1", all.data, all.len);
	said = said_from(said, greeted);
	if (*said != '\0')
		said += sizeof greeted - 1;
	ok(strcmp(said, want) == 0, "%s", name);
	if (strcmp(said, want) != 0)
		printf("# got %s\n", said);
	buf_free(&all);
}

#define OK2          "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
#define NOOP         "250 2.0.0 Ok\r\n"
#define BYE          "221 2.0.0 Bye\r\n"
#define SYNTAX       OK2 "521 5.5.4 Syntax: BDAT count [LAST]\r\n"
#define DISCARDED(n) "551 5.0.0 Discarded " n " bytes after earlier error\r\n"

static void
refused(void)
{
	talk("a chunk of nothing",
	    TO_USER "BDAT 0\r\nBDAT 5 LAST\r\nhelloNOOP\r\n",
	    OK2 "551 5.7.1 Null BDAT request\r\n" DISCARDED("5") NOOP BYE);
	talk("no recipients",
	    SENDER "BDAT 5\r\nhelloBDAT 5 LAST\r\nNOOP\nNOOP\r\n",
	    "250 2.1.0 Ok\r\n554 5.5.1 Error: no valid recipients\r\n" DISCARDED(
		"5") NOOP BYE);
	talk("no transaction",
	    "BDAT 5\r\nhelloMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n"
	    "DATA\r\nRSET\r\n" SENDER,
	    "503 5.5.1 Error: need RCPT command\r\n"
	    "503 5.5.1 Error: MAIL after BDAT\r\n"
	    "503 5.5.1 Error: need MAIL command\r\n"
	    "503 5.5.1 Error: DATA after BDAT\r\n" NOOP "250 2.1.0 Ok\r\n" BYE);
	talk("nor a last chunk of one", "BDAT 5 LAST\r\nhello" SENDER,
	    "503 5.5.1 Error: need RCPT command\r\n250 2.1.0 Ok\r\n" BYE);
	talk("refused at DATA",
	    "MAIL FROM:<bad@b.example>\r\nRCPT TO:<user@example.com>\r\n"
	    "BDAT 5\r\nhelloBDAT 6 LAST\r\nhello!NOOP\r\n",
	    OK2 "554 5.7.1 <bad@b.example>: Sender address rejected: Access "
		"denied\r\n" DISCARDED("6") NOOP BYE);
	talk("EHLO forgets that",
	    "BDAT 1\r\nxEHLO me\r\n" TO_USER "BDAT 1 LAST\r\nxNOOP\r\n",
	    "503 5.5.1 Error: need RCPT command\r\n"
	    "250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 3000\r\n"
	    "250-VRFY\r\n250-ETRN\r\n250-ENHANCEDSTATUSCODES\r\n"
	    "250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n" OK2
	    "250 2.0.0 Ok: 3 bytes queued\r\n" NOOP BYE);
}

static void
syntax(void)
{
	static const char *const counts[] = { "", " ", "x", "-1", "+5", "0x5",
		"5 FOO", "5 LAST x", "18446744073709551616",
		"9223372036854775808", "99999999999999999999999999999" };
	char text[200];

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		(void)snprintf(text, sizeof text,
		    TO_USER "BDAT %s\r\nhelloNOOP\r\n", counts[i]);
		talk(counts[i], text, SYNTAX);
	}
}

static void
order(void)
{
	talk("what may stand between chunks",
	    TO_USER
	    "BDAT 5\r\nhelloDATA\r\nMAIL FROM:<>\r\n"
	    "RCPT TO:<c@example.com>\r\nNOOP\r\nVRFY user@example.com\r\n"
	    "ETRN example.com\r\nFOO\r\nBDAT 6 LAST\r\n hello",
	    OK2 "250 2.0.0 Ok: 5 bytes\r\n503 5.5.1 Error: DATA after BDAT\r\n"
		"503 5.5.1 Error: nested MAIL command\r\n"
		"503 5.5.1 Error: RCPT after BDAT\r\n" NOOP
		"252 2.0.0 user@example.com\r\n"
		"503 Error: MAIL transaction in progress\r\n"
		"500 5.5.2 Error: command not recognized\r\n"
		"250 2.0.0 Ok: 13 bytes queued\r\n" BYE);
	is(buf_str(&rig.queue.body), "hello hello\r\n", "one message of both");
	talk("RSET",
	    TO_USER "BDAT 5\r\nhelloRSET\r\n" TO_USER "BDAT 3 LAST\r\n\r\nz",
	    OK2 "250 2.0.0 Ok: 5 bytes\r\n" NOOP OK2
		"250 2.0.0 Ok: 5 bytes queued\r\n" BYE);
	is(buf_str(&rig.queue.body), "z\r\n", "the first one is forgotten");
	talk("QUIT", TO_USER "BDAT 5\r\nhello",
	    OK2 "250 2.0.0 Ok: 5 bytes\r\n" BYE);
}

/* ${n} messages are accepted of what follows. */
static void
accepts(unsigned n, const char *what)
{
	ok(rig.queue.accepted == n, "%s: %u of %u", what, rig.queue.accepted,
	    n);
	rig.queue.accepted = 0;
}

static void
sizes(void)
{
	static const char endless[] =
	    HELLO TO_USER "BDAT 9000000000000000000\r\nNOOP\r\n";
	struct buf text = { 0 };

	accepts(0, "nothing so far");
	buf_puts(&text, TO_USER "BDAT 2000\r\n");
	for (int i = 0; i < 200; i++)
		buf_puts(&text, "12345678\r\n");
	buf_puts(&text, "BDAT 1001\r\n");
	for (int i = 0; i < 1001; i++)
		buf_putc(&text, 'x');
	buf_puts(&text, "BDAT 5 LAST\r\nhelloNOOP\r\n");
	talk("together they are too large", buf_str(&text),
	    OK2 "250 2.0.0 Ok: 2000 bytes\r\n"
		"552 5.3.4 Chunk exceeds message size limit\r\n" DISCARDED("5")
		    NOOP BYE);
	buf_reset(&text);
	buf_puts(&text, TO_USER "BDAT 2000\r\n");
	for (int i = 0; i < 2000; i++)
		buf_putc(&text, '\n');
	buf_puts(&text, "BDAT 5 LAST\r\nhelloNOOP\r\n");
	talk("as lines they are", buf_str(&text),
	    OK2 "552 5.3.4 Error: message file too big\r\n" DISCARDED("5")
		NOOP BYE);
	(void)rig_converse(&rig, "127.0.0.1", endless, sizeof endless - 1);
	accepts(0, "none is taken");
	buf_free(&text);
}

/* A queue that takes no more waits for nobody's ends of chunks. */
static void
crowded(void)
{
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	(void)rig_say(&rig, HELLO);
	rig.queue.crowded = true;
	(void)rig_say(&rig, TO_USER);
	has(rig_say(&rig,
		"BDAT 100\r\nSubject: a\r\n\r\n"
		"1234567890123456789012345678901234567890"
		"1234567890123456789012345678901234567890\r\n1234"),
	    "250 2.0.0 Ok: 100 bytes\r\n", "a chunk is taken");
	rig.queue.crowded = false;
	has(rig_say(&rig, "RSET\r\n"), "250 2.0.0 Ok\r\n", "and forgotten");
	(void)rig_say(&rig, TO_USER);
	has(rig_say(&rig, "BDAT 4 LAST\r\n\r\nb\n"),
	    "250 2.0.0 Ok: 5 bytes queued",
	    "the next message is taken all the same");
	is(buf_str(&rig.queue.body), "b\r\n", "and is whole");
	rig_hang_up(&rig);
}

static void
newlines(void)
{
	rig_open(&rig,
	    "smtpd_forbid_unauth_pipelining = no\n"
	    "smtpd_forbid_bare_newline = reject\n"
	    "smtpd_forbid_bare_newline_exclusions =\n");
	talk("bare LF in a chunk",
	    TO_USER "BDAT 3\r\na\nbBDAT 2 LAST\r\nc\nNOOP\r\n",
	    OK2
	    "550 5.5.2 mx.example.com Error: bare <LF> received\r\n" DISCARDED(
		"2") NOOP BYE);
	talk("in the last one", TO_USER "BDAT 3 LAST\r\na\nbNOOP\r\n",
	    OK2
	    "550 5.5.2 mx.example.com Error: bare <LF> received\r\n" NOOP BYE);
	talk("an end of lines in two",
	    TO_USER "BDAT 4\r\n\r\nb\rBDAT 1 LAST\r\n\nNOOP\r\n",
	    OK2 "250 2.0.0 Ok: 4 bytes\r\n"
		"250 2.0.0 Ok: 5 bytes queued\r\n" NOOP BYE);
	rig_close(&rig);
	rig_open(&rig, "smtpd_discard_ehlo_keywords = chunking\n");
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	has(rig_say(&rig, HELLO), "250 SMTPUTF8\r\n", "not announced");
	is(rig_say(&rig, "BDAT 5\r\nNOOP\r"),
	    "521 5.5.1 Error: command not implemented\r\n", "and not there");
	rig_hang_up(&rig);
	rig_close(&rig);
}

static void
lmtp(void)
{
	static const char three[] =
	    "LHLO me\r\n" SENDER
	    "RCPT TO:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"
	    "BDAT 1\r\nxBDAT 1 LAST\r\nyNOOP\r\n" SENDER
	    "BDAT 1 LAST\r\nxNOOP\r\nBDAT 1 LAST\r\nxNOOP\r\n"
	    "MAIL FROM:<bad@b.example>\r\n"
	    "RCPT TO:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"
	    "BDAT 1 LAST\r\nxNOOP\r\nQUIT\r\n";
	const char *said;

	rig_open_as(&rig, "lmtpd",
	    "smtpd_forbid_unauth_pipelining = no\n"
	    "smtpd_data_restrictions ="
	    " check_sender_access inline:{bad@b.example=reject}\n");
	said = rig_converse(&rig, "127.0.0.1", three, sizeof three - 1);
	is(said_from(said, "250 2.1.0"),
	    OK2 "250 2.1.5 Ok\r\n250 2.0.0 Ok: 1 bytes\r\n"
		"250 2.0.0 Ok: 4 bytes queued\r\n"
		"250 2.0.0 Ok: 4 bytes queued\r\n" NOOP "250 2.1.0 Ok\r\n" NOOP
		"503 5.5.1 Error: need RCPT command\r\n" NOOP OK2
		"250 2.1.5 Ok\r\n"
		"554 5.7.1 <bad@b.example>: Sender address rejected: Access "
		"denied\r\n"
		"554 5.7.1 <bad@b.example>: Sender address rejected: Access "
		"denied\r\n" NOOP BYE,
	    "RFC 2033, 4.3: a reply for each recipient, and none for none");
	rig_close(&rig);
}

int
main(void)
{
	must(freopen("/dev/null", "w", stderr) != NULL);
	rig_open(&rig,
	    "smtpd_forbid_unauth_pipelining = no\n"
	    "message_size_limit = 3000\n"
	    "smtpd_data_restrictions ="
	    " check_sender_access inline:{bad@b.example=reject}\n");
	refused();
	syntax();
	rig.queue.accepted = 0;
	order();
	rig.queue.accepted = 0;
	sizes();
	crowded();
	rig_close(&rig);
	newlines();
	lmtp();
	return done_testing();
}
