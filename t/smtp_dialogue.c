/* What the postmaster is told of dialogues with servers.  P-083, Q-43. */
#include "delivery/smtp_dialogue.h"

#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "queue/transcript.h"
#include "queue/transcript_notice.h"
#include "t/tap.h"

static const char relay[] = "mx.example.net[192.0.2.2]:25";

static struct transcript_site site = {
	.classes = TRANSCRIPT_PROTOCOL,
	.to = "postmaster",
	.myhostname = "mx.example.com",
	.myorigin = "example.com",
	.mail_name = "Weir",
	.double_bounce = "double-bounce@mx.example.com",
};

/* Is mail from ${sender} told of, which has failed with that code? */
static bool
tells(const char *sender, unsigned code)
{
	struct smtp_dialogue d = { 0 };
	struct transcript_notice *n;

	smtp_dialogue_begin(&d, &site);
	smtp_dialogue_failed(&d, code);
	n = smtp_dialogue_tell(&d, false, relay, sender);
	smtp_dialogue_end(&d);
	if (n == NULL)
		return false;
	transcript_notice_free(n);
	return true;
}

static void
test_codes(void)
{
	static const struct {
		unsigned code;
		bool told;
	} codes[] = { { 199, true }, { 250, true }, { 354, true },
		{ 399, true }, { 400, false }, { 421, false }, { 499, false },
		{ 500, true }, { 509, true }, { 510, false }, { 550, false },
		{ 554, false }, { 555, true }, { 556, false }, { 599, false },
		{ 600, true } };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		ok(tells("a@example.com", codes[i].code) == codes[i].told, "%u",
		    codes[i].code);
	ok(!tells("", 500), "a bounce");
	ok(!tells(site.double_bounce, 500), "a notice");
}

static void
test_classes(void)
{
	struct smtp_dialogue d = { 0 };

	site.classes = TRANSCRIPT_RESOURCE | TRANSCRIPT_SOFTWARE;
	smtp_dialogue_begin(&d, &site);
	ok(d.transcript == NULL, "by default nothing is kept");
	smtp_dialogue_in(&d, "220 x", 5);
	smtp_dialogue_out(&d, "QUIT");
	smtp_dialogue_replaced(&d, "220 y", 5);
	smtp_dialogue_blame(&d, TRANSCRIPT_PROTOCOL | TRANSCRIPT_DATA);
	ok(smtp_dialogue_tell(&d, false, relay, "a@example.com") == NULL,
	    "... nor told");
	smtp_dialogue_end(&d);
	site.classes = TRANSCRIPT_DATA;
	ok(!tells("a@example.com", 500), "only what is asked for");
	site.classes = TRANSCRIPT_PROTOCOL;
}

static void
test_notice(void)
{
	struct smtp_dialogue d = { 0 };
	struct transcript_notice *n;

	smtp_dialogue_begin(&d, &site);
	smtp_dialogue_in(&d, "220 x\r", 5);
	smtp_dialogue_out(&d, "LHLO mx.example.com");
	smtp_dialogue_in(&d, "550 no", 6);
	smtp_dialogue_replaced(&d, "501 no", 6);
	smtp_dialogue_failed(&d, 501);
	n = smtp_dialogue_tell(&d, true, relay, "a@example.com");
	must(n != NULL);
	ok(strstr(buf_str(&n->headers),
	       "\r\nSubject: Weir LMTP client: errors from "
	       "mx.example.net[192.0.2.2]:25\r\n") != NULL,
	    "subject");
	is(buf_str(&n->body),
	    "Unexpected response from mx.example.net[192.0.2.2]:25.\r\n\r\n"
	    "Transcript of session follows.\r\n\r\n"
	    " In:  220 x\r\n"
	    " Out: LHLO mx.example.com\r\n"
	    " In:  550 no\r\n"
	    " Replaced-by:\r\n"
	    "      501 no\r\n\r\n"
	    "For other details, see the local mail logfile\r\n",
	    "text");
	transcript_notice_free(n);
	ok(smtp_dialogue_tell(&d, true, relay, "a@example.com") == NULL,
	    "once");
	smtp_dialogue_failed(&d, 501);
	smtp_dialogue_out(&d, "QUIT");
	n = smtp_dialogue_tell(&d, true, relay, "a@example.com");
	must(n != NULL);
	ok(strstr(buf_str(&n->body), "follows.\r\n\r\n Out: QUIT\r\n\r\n") !=
		NULL,
	    "a session that goes on has a dialogue of its own for each message");
	transcript_notice_free(n);
	smtp_dialogue_end(&d);
}

int
main(void)
{
	test_codes();
	test_classes();
	test_notice();
	return done_testing();
}
