/* Replies at the end of a message, the queue being the test's. */
#include "proxy/answers.h"
#include "proxy/mail.h"
#include "t/rig.h"
#include "t/tap.h"

#define TO_THREE                                                               \
	"RCPT TO:<one@example.com>\r\nRCPT TO:<two@example.com>\r\n"           \
	"RCPT TO:<three@example.com>\r\nDATA\r\n"
#define SPAM  "550 5.7.1 spam"
#define LATER "450 4.7.1 later"

static struct rig rig;
static bool lmtp;

static void
open_prdr(const char *more)
{
	struct buf main = { 0 };

	buf_printf(&main, "weir_prdr = yes\n%s", more);
	rig_open(&rig, buf_str(&main));
	buf_free(&main);
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	(void)rig_say(&rig, "EHLO me.example\r\n");
}

static void
done(void)
{
	rig_hang_up(&rig);
	rig_close(&rig);
}

/* ${text} with the queue id in place of "ID". */
static void
put_exact(struct buf *out, const char *text, const char *id)
{
	for (; *text != '\0'; text++)
		if (strncmp(text, "ID", 2) == 0) {
			buf_puts(out, id);
			text++;
		} else {
			buf_putc(out, *text);
		}
}

/* A message to three, whose own answers are these, is answered with ${want}, and
 * for PRDR with 353 before that. */
static void
gives(const char *const answers[3], const char *want, const char *what)
{
	struct buf exact = { 0 };
	const struct session *s;
	const char *got;

	(void)rig_say(&rig,
	    lmtp ? "MAIL FROM:<a@b.example>\r\n" TO_THREE
		 : "MAIL FROM:<a@b.example> PRDR\r\n" TO_THREE);
	s = rig.hall.sessions;
	for (size_t i = 0; i < 3; i++)
		answers_set(s->mail, i, answers[i]);
	if (!lmtp)
		buf_puts(&exact, "353 A reply for each recipient follows\r\n");
	put_exact(&exact, want, s->qid);
	got = rig_say(&rig, "Subject: x\r\n\r\nText\r\n.\r\n");
	ok(strcmp(got, buf_str(&exact)) == 0, "%s", what);
	if (strcmp(got, buf_str(&exact)) != 0)
		printf("# got:\n%s# not:\n%s", got, buf_str(&exact));
	buf_free(&exact);
}

static void
taken(void)
{
	open_prdr("");
	gives((const char *const[]){ NULL, NULL, NULL },
	    "250 2.0.0 Ok: queued as ID\r\n250 2.0.0 Ok: queued as ID\r\n"
	    "250 2.0.0 Ok: queued as ID\r\n250 2.0.0 Ok: queued as ID\r\n",
	    "all take it: a reply for each, and one for the message");
	is(buf_str(&rig.queue.rcpts),
	    "one@example.com two@example.com three@example.com",
	    "... and it is stored for all");
	gives((const char *const[]){ NULL, SPAM, "250 2.0.0 Ok: kept" },
	    "250 2.0.0 Ok: queued as ID\r\n550 5.7.1 spam\r\n"
	    "250 2.0.0 Ok: kept\r\n250 2.0.0 Ok: queued as ID\r\n",
	    "each recipient has its own answer, in order");
	is(buf_str(&rig.queue.rcpts), "one@example.com three@example.com",
	    "... and one that refuses is not in the envelope");
	done();
}

static void
refused(void)
{
	open_prdr("");
	gives((const char *const[]){ SPAM, SPAM, SPAM },
	    "550 5.7.1 spam\r\n550 5.7.1 spam\r\n550 5.7.1 spam\r\n"
	    "550 5.7.1 Error: no recipient takes the message\r\n",
	    "all refuse it");
	gives((const char *const[]){ SPAM, LATER, SPAM },
	    "550 5.7.1 spam\r\n450 4.7.1 later\r\n550 5.7.1 spam\r\n"
	    "450 4.7.1 Error: no recipient takes the message now\r\n",
	    "all refuse it, and one may take it later");
	ok(rig.queue.accepted == 0, "nothing was stored");
	rig.queue.answer = SUBMIT_FULL;
	gives((const char *const[]){ SPAM, NULL, "250 2.0.0 Ok: kept" },
	    "550 5.7.1 spam\r\n"
	    "452 4.3.1 Insufficient system storage\r\n"
	    "452 4.3.1 Insufficient system storage\r\n"
	    "452 4.3.1 Insufficient system storage\r\n",
	    "what the queue cannot take is not taken for anybody");
	done();
}

static void
common(void)
{
	open_prdr("smtpd_end_of_data_restrictions = "
		  "check_sender_access inline:{{a@b.example=554 5.7.9 no}}\n");
	gives((const char *const[]){ LATER, NULL, NULL },
	    "554 5.7.9 <a@b.example>: Sender address rejected: no\r\n"
	    "554 5.7.9 <a@b.example>: Sender address rejected: no\r\n"
	    "554 5.7.9 <a@b.example>: Sender address rejected: no\r\n"
	    "554 5.7.9 <a@b.example>: Sender address rejected: no\r\n",
	    "what speaks against the message is told to all");
	done();
}

static void
footers(void)
{
	open_prdr("smtpd_reject_footer = See us\n"
		  "smtpd_reject_filter_maps = "
		  "pcre:{{/^550.*spam/ 550 5.7.1 unwanted}}\n");
	gives((const char *const[]){ SPAM, SPAM, LATER },
	    "550-5.7.1 unwanted\r\n550 5.7.1 See us\r\n"
	    "550-5.7.1 unwanted\r\n550 5.7.1 See us\r\n"
	    "450-4.7.1 later\r\n450 4.7.1 See us\r\n"
	    "450-4.7.1 Error: no recipient takes the message now\r\n"
	    "450 4.7.1 See us\r\n",
	    "each refusal is filtered, and has the footer");
	done();
}

/* One message is one mistake. */
static void
mistakes(void)
{
	static const char *const all[] = { SPAM, SPAM, SPAM };

	open_prdr("smtpd_hard_error_limit = 3\n");
	for (int i = 0; i < 2; i++)
		gives(all,
		    "550 5.7.1 spam\r\n550 5.7.1 spam\r\n550 5.7.1 spam\r\n"
		    "550 5.7.1 Error: no recipient takes the message\r\n",
		    "a message that all refuse");
	gives(all,
	    "550 5.7.1 spam\r\n550 5.7.1 spam\r\n550 5.7.1 spam\r\n"
	    "550 5.7.1 Error: no recipient takes the message\r\n"
	    "421 4.7.0 mx.example.com Error: too many errors\r\n",
	    "... is one mistake each time");
	done();
}

/* Without the parameter of MAIL, and where it is not announced. */
static void
plain(void)
{
	const char *got;

	open_prdr("");
	(void)rig_say(&rig,
	    "MAIL FROM:<a@b.example>\r\nRCPT TO:<one@example.com>\r\n"
	    "RCPT TO:<two@example.com>\r\nDATA\r\n");
	ok(!answers_each(rig.hall.sessions), "PRDR must be asked for");
	got = rig_say(&rig, "Text\r\n.\r\n");
	ok(strncmp(got, "250 2.0.0 Ok: queued as ", 24) == 0 &&
		strchr(got, '\n')[1] == '\0',
	    "a plain message has one reply");
	ok(strstr(rig_say(&rig, "EHLO me.example\r\n"), "250 PRDR\r\n") != NULL,
	    "PRDR is announced");
	done();
	rig_open(&rig, "");
	rig_connect(&rig, "127.0.0.1");
	(void)rig_say(&rig, "");
	ok(strstr(rig_say(&rig, "EHLO me.example\r\n"), "PRDR") == NULL,
	    "... but not by default");
	is(rig_say(&rig, "MAIL FROM:<a@b.example> PRDR\r\n"),
	    "555 5.5.4 Unsupported option: PRDR\r\n", "... nor taken then");
	done();
}

/* The same in LMTP, where nothing is said about the whole message. */
static void
in_lmtp(void)
{
	rig_open_as(&rig, "lmtpd", "");
	rig_connect(&rig, "127.0.0.1");
	is(rig_say(&rig, ""), "220 mx.example.com LMTP Postfix\r\n", "LMTP");
	(void)rig_say(&rig, "LHLO me.example\r\n");
	lmtp = true;
	gives((const char *const[]){ SPAM, NULL, "250 2.0.0 Ok: kept" },
	    "550 5.7.1 spam\r\n250 2.0.0 Ok: queued as ID\r\n"
	    "250 2.0.0 Ok: kept\r\n",
	    "each recipient has its own answer, in order");
	is(buf_str(&rig.queue.rcpts), "two@example.com three@example.com",
	    "... and one that refuses is not in the envelope");
	gives((const char *const[]){ SPAM, LATER, SPAM },
	    "550 5.7.1 spam\r\n450 4.7.1 later\r\n550 5.7.1 spam\r\n",
	    "all refuse it");
	ok(rig.queue.accepted == 1, "nothing was stored then");
	rig.queue.answer = SUBMIT_FAILED;
	gives((const char *const[]){ NULL, SPAM, NULL },
	    "451 4.3.0 Error: queue file write error\r\n"
	    "550 5.7.1 spam\r\n451 4.3.0 Error: queue file write error\r\n",
	    "what the queue does not take is not taken for anybody");
	lmtp = false;
	done();
}

int
main(void)
{
	taken();
	refused();
	common();
	footers();
	mistakes();
	plain();
	in_lmtp();
	return done_testing();
}
