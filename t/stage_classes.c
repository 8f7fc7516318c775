/* Which classes with content checks an evaluation comes to, the same with both
 * values of smtpd_delay_reject.  Seeds K-03, K-04. */
#include "classes/stage.h"

#include "t/stage_rig.h"

#define CLASSES                                                                \
	"smtpd_restriction_classes = by_client, by_helo, by_sender, first, "   \
	"second, plain\n"                                                      \
	"by_client_body_checks = inline:{x=DUNNO}\n"                           \
	"by_helo_text_checks = inline:{x=DUNNO}\n"                             \
	"by_sender_header_checks = inline:{x=DUNNO}\n"                         \
	"first_attachment_checks = inline:{x=DUNNO}\n"                         \
	"first = reject_unauth_destination, second\n"                          \
	"second = permit\nsecond_nested_header_checks = inline:{x=DUNNO}\n"    \
	"plain = permit_mynetworks\n"                                          \
	"smtpd_client_restrictions = by_client\n"                              \
	"smtpd_helo_restrictions = check_helo_access "                         \
	"inline:{h.example=by_helo}\n"                                         \
	"smtpd_sender_restrictions = check_sender_access "                     \
	"inline:{a@x.example=by_sender}\n"                                     \
	"smtpd_recipient_restrictions = plain, by_client, "                    \
	"check_recipient_access inline:{b@example.com=first, "                 \
	"c@example.com=REJECT}, reject_unauth_destination, "                   \
	"warn_if_reject second\n"

/* Up to MAIL. */
static void
greet(struct session *s, const char *sender)
{
	s->subject.recipient = NULL;
	s->subject.sender = NULL;
	(void)run(s, STAGE_CONNECT);
	s->subject.helo = "h.example";
	(void)run(s, STAGE_HELO);
	s->subject.sender = sender;
	(void)run(s, STAGE_MAIL);
}

/* The classes of a recipient. */
static void
has(struct session *s, const char *recipient, const char *classes,
    const char *what)
{
	(void)rcpt(s, recipient);
	is(s->verdict.classes, classes, "%s", what);
}

static void
test_delay(const char *delay)
{
	struct session s;
	char config[2048];

	(void)snprintf(config, sizeof config,
	    CLASSES "smtpd_delay_reject = %s\n"
		    "smtpd_data_restrictions = second, plain\n",
	    delay);
	begin(&s, config);
	is(s.err.text, "", "classes without restrictions are classes");
	greet(&s, "a@x.example");
	has(&s, "b@example.com", "by_client by_helo by_sender first second",
	    "all, in order, once");
	has(&s, "d@example.com", "by_client by_helo by_sender second",
	    "another recipient has others");
	has(&s, "postmaster", "", "one that nobody may refuse has none");
	(void)run(&s, STAGE_DATA);
	is(s.verdict.classes, "second", "at DATA");
	stage_reset_mail(&s.state);
	s.subject.sender = "z@x.example";
	(void)run(&s, STAGE_MAIL);
	has(&s, "d@example.com", "by_client by_helo second",
	    "another sender of the session");
	/* STARTTLS */
	stage_reset_helo(&s.state);
	s.subject.helo = NULL;
	s.subject.sender = "z@x.example";
	(void)run(&s, STAGE_MAIL);
	has(&s, "d@example.com", "by_client second",
	    "the client is the same after STARTTLS");
	end(&s);
}

static void
test_mistakes(void)
{
	struct session s;

	begin(&s,
	    "smtpd_restriction_classes = empty\nempty_reject_action = hold\n");
	ok(strstr(s.err.text, "restriction class `empty' needs a definition") !=
		NULL,
	    "a class with nothing at all");
	end(&s);
	begin(&s,
	    "smtpd_restriction_classes = smtp\nsmtp = permit\n"
	    "smtp_header_checks = inline:{x=DUNNO}\n"
	    "smtpd_recipient_restrictions = smtp, reject\n"
	    "smtpd_relay_restrictions = permit_mynetworks, "
	    "reject_unauth_destination\n");
	is(rcpt(&s, "b@example.com"), "OK", "a class with an agent's name");
	is(s.verdict.classes, "", "has no content checks");
	end(&s);
}

int
main(void)
{
	open_log();
	test_delay("yes");
	test_delay("no");
	test_mistakes();
	return done_testing();
}
