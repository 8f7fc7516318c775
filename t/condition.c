/* Conditions in restriction lists, and scores: what they parse to, what is
 * wrong with them, and what becomes of a request. */
#include "checks/condition.h"

#include <string.h>
#include <time.h>

#include "checks/expression.h"

#include "t/stage_rig.h"

/* What ${text} is printed as, or "!" and why it is none. */
static const char *
printed(const char *text)
{
	static struct buf out;
	struct arena *arena = arena_new();
	struct err err = { "" };
	struct expression *e = expression_parse(text, arena, &err);

	buf_reset(&out);
	if (e != NULL)
		expression_print(e, &out);
	else
		buf_printf(&out, "!%s", err.text);
	arena_free(arena);
	return buf_str(&out);
}

static void
test_printing(void)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{ "size>10M", "size > 10485760" },
		{ " SIZE  <= 3 ", "size <= 3" },
		{ "a == b", "!unknown fact \"a\"" },
		{ "encrypted&&authenticated||pipelined",
		    "encrypted && authenticated || pipelined" },
		{ "encrypted && (authenticated || pipelined)",
		    "encrypted && (authenticated || pipelined)" },
		{ "(encrypted && authenticated) && pipelined",
		    "encrypted && authenticated && pipelined" },
		{ "encrypted && (authenticated && pipelined)",
		    "encrypted && (authenticated && pipelined)" },
		{ "!size == 3", "!size == 3" },
		{ "!(encrypted || pipelined)", "!(encrypted || pipelined)" },
		{ "! ! encrypted", "!!encrypted" },
		{ "sender == \"a\\\"b\\\\\"", "sender == \"a\\\"b\\\\\"" },
		{ "sender+\" \"+recipient in hash:/x",
		    "sender + \" \" + recipient in { hash:/x }" },
		{ "(sender in inline:{{a = b}})",
		    "sender in { inline:{{a = b}} }" },
		{ "client_address in{192.0.2.0/24}",
		    "client_address in { 192.0.2.0/24 }" },
		{ "time >= 09:05", "time >= 09:05" },
		{ "weekday == Sun", "weekday == sun" },
		{ "score > -5", "score > -5" },
		{ "size in { 3 }", "!a number is in no set, at its end" },
		{ "", "!a fact, a text or a number is missing, at its end" },
		{ "size",
		    "!a number stands where true or false should, at "
		    "its end" },
		{ "size == \"3\"",
		    "!a number is compared with a text, at its "
		    "end" },
		{ "sender < \"a\"",
		    "!\"<\" is not for what is a text, at its end" },
		{ "encrypted == encrypted",
		    "!\"==\" is not for what is true or false, at its end" },
		{ "size + 3 > 4", "!\"+\" is for texts, at \" > 4\"" },
		{ "sender_domian == \"a\"",
		    "!unknown fact \"sender_domian\"; "
		    "did you mean sender_domain?" },
		{ "sender == \"a",
		    "!a text without its second quote, at its "
		    "end" },
		{ "(encrypted", "!\")\" is missing, at its end" },
		{ "encrypted pipelined",
		    "!something is left over, at \"pipelined\"" },
		{ "sender in",
		    "!\"in\" needs a set: { a, b } or type:name, "
		    "at its end" },
		{ "sender in { }", "!a set without members, at its end" },
		{ "time > 24:00", "!a time is 00:00 to 23:59, at its end" },
		{ "time > 9:5", "!a time is 00:00 to 23:59, at its end" },
		{ "size > 10x",
		    "!a number ends in k, M, G or a digit, at "
		    "\"x\"" },
		{ "size > 9999999999999G",
		    "!a number is too large, at its "
		    "end" },
		{ "size > -", "!no number behind \"-\", at its end" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(printed(cases[i].text), cases[i].printed, "\"%s\"",
		    cases[i].text);
}

static void
test_limits(void)
{
	char text[20001];

	memset(text, '!', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ok(strstr(printed(text), "too deep") != NULL, "too deep");
	text[0] = '\0';
	for (size_t i = 0; i + 1 < sizeof text; i += 5)
		memcpy(text + i, "time+", 6);
	ok(printed(text)[0] == '!', "no sum of times");
	for (size_t i = 0; i + 8 < sizeof text; i += 8)
		memcpy(text + i, "sender +", 9);
	ok(strstr(printed(text), "too long") != NULL, "too long");
}

/* What becomes of mail from a@x.example to b@example.com, of 2000 octets, on a
 * Wednesday at 12:30, where ${condition} is true: refused. */
static const char *
judged(const char *condition)
{
	static char reply[1024];
	struct session s;
	char config[1024];

	(void)snprintf(config, sizeof config,
	    "smtpd_recipient_restrictions = if { %s } reject\n", condition);
	begin(&s, config);
	if (s.err.text[0] != '\0')
		printf("# %s\n", s.err.text);
	s.world.now = INT64_C(1767789000) * CLOCK_SECOND;
	s.subject.sender = "a@x.example";
	s.subject.helo = "mail.x.example";
	s.subject.size = 2000;
	s.subject.tls_protocol = "TLSv1.3";
	(void)snprintf(reply, sizeof reply, "%s", rcpt(&s, "b@example.com"));
	end(&s);
	(void)log_text();
	return reply;
}

static void
test_facts(void)
{
	static const char no[] =
	    "554 5.7.1 <b@example.com>: Recipient address rejected: Access "
	    "denied";
	static const struct {
		const char *condition;
		bool truth;
	} cases[] = {
		{ "size > 1999", true },
		{ "size > 2000", false },
		{ "size >= 2000 && size <= 2000 && size == 2000", true },
		{ "size < 2k", true },
		{ "size != 2000 || size < 2000", false },
		{ "encrypted", true },
		{ "authenticated", false },
		{ "!authenticated && encrypted", true },
		{ "encryption_protocol == \"tlsv1.3\"", true },
		{ "sasl_username == \"\"", true },
		{ "sender == \"A@X.example\"", true },
		{ "sender != \"a@x.example\"", false },
		{ "sender_domain == \"x.example\"", true },
		{ "recipient_domain == sender_domain", false },
		{ "helo_name == \"mail.\" + sender_domain", true },
		{ "helo_name in { .x.example }", true },
		{ "sender_domain in { .x.example }", false },
		{ "sender in { a@x.example, b@y.example }", true },
		{ "sender in { !a@x.example, static:all }", false },
		{ "recipient + \":\" + sender in "
		  "inline:{b@example.com:a@x.example=x}",
		    true },
		{ "recipient + \":\" + sender in "
		  "inline:{c@example.com:a@x.example=x}",
		    false },
		{ "client_address in { 192.0.2.0/24 }", true },
		{ "client_address in { 192.0.2.0/31, 10.0.0.0/8 }", false },
		{ "client_address in { !192.0.2.2, 192.0.2.0/24 }", false },
		{ "client_address == \"192.0.2.2\"", true },
		{ "client_name in { .example.com }", true },
		{ "time in 12:00-12:31", true },
		{ "time in 12:00-12:30", false },
		{ "time in 22:00-12:31", true },
		{ "time in 13:00-12:30", false },
		{ "time in { 00:00-06:00, 12:30-24:00 }", true },
		{ "time >= 12:30 && time < 12:31", true },
		{ "weekday in mon-fri", true },
		{ "weekday in { sat, sun }", false },
		{ "weekday in fri-wed", true },
		{ "weekday == wed", true },
		{ "score == 0 && recipient_count == 0", true },
		/* What could not be asked counts if the rest does not decide. */
		{ "sender in fail:x && authenticated", false },
		{ "sender in fail:x || encrypted", true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(judged(cases[i].condition), cases[i].truth ? no : "OK", "%s",
		    cases[i].condition);
	is(judged("sender in fail:x"),
	    "451 4.3.0 <b@example.com>: Temporary lookup failure",
	    "a table that could not be asked");
	is(judged("!(sender in fail:x && encrypted)"),
	    "451 4.3.0 <b@example.com>: Temporary lookup failure",
	    "and is denied");
}

/* What ${list} makes of mail to a@example.com and b@example.com. */
static void
lists(const char *list, const char *a, const char *b, const char *what)
{
	struct session s;
	char config[2048];

	(void)snprintf(config, sizeof config,
	    "smtpd_restriction_classes = strict\n"
	    "strict = if { sender == \"\" } reject, permit\n"
	    "smtpd_client_restrictions = score 2\n"
	    "smtpd_recipient_restrictions = %s\n",
	    list);
	begin(&s, config);
	is(s.err.text, "", "%s: no mistake", what);
	s.subject.sender = "";
	is(rcpt(&s, "a@example.com"), a, "%s: a", what);
	is(rcpt(&s, "b@example.com"), b, "%s: b", what);
	end(&s);
	(void)log_text();
}

static void
test_lists(void)
{
	static const char a[] =
	    "554 5.7.1 <a@example.com>: Recipient address rejected: Access "
	    "denied";
	static const char b[] =
	    "554 5.7.1 <b@example.com>: Recipient address rejected: Access "
	    "denied";

	lists("if { recipient == \"a@example.com\" } reject", a, "OK",
	    "one restriction");
	lists("if { recipient == \"a@example.com\" } { permit } reject", "OK",
	    b, "several");
	lists("if { recipient == \"a@example.com\" } { score 1, score 1, "
	      "if { score == 4 } { reject } }",
	    a, "OK", "nested");
	lists("if { recipient == \"a@example.com\" } if { sender == \"\" } "
	      "reject, if { sender == \"x\" } reject",
	    a, "OK", "conditions of conditions");
	lists(
	    "if { recipient == \"a@example.com\" } strict", a, "OK", "a class");
	lists("warn_if_reject if { recipient == \"a@example.com\" } reject, "
	      "if { recipient == \"b@example.com\" } warn_if_reject reject",
	    "OK", "OK", "warnings");
	lists("if { recipient == \"a@example.com\" } score 3, score 2, "
	      "reject_score_over 6",
	    "554 5.7.1 <a@example.com>: Recipient address rejected: Score 7 "
	    "is over 6",
	    "OK", "scores of all lists of one recipient");
	lists("score 10, if { recipient == \"a@example.com\" } { score -20 } "
	      "reject_score_over 0",
	    "OK",
	    "554 5.7.1 <b@example.com>: Recipient address rejected: Score 12 "
	    "is over 0",
	    "negative scores");
	lists("score_if_reject 3 check_recipient_access "
	      "inline:{a@example.com=REJECT}, "
	      "if { score > 4 } { score_if_reject 5 { reject, reject } } "
	      "reject_score_over 9",
	    "554 5.7.1 <a@example.com>: Recipient address rejected: Score 10 "
	    "is over 9",
	    "OK", "refusals as points, once for several");
	lists("score_if_reject 3 reject_rbl_client bl.test, score_if_reject 4 "
	      "reject_rbl_client none.test, score_if_reject 8 "
	      "reject_rbl_client dead.test, if { score != 5 } reject",
	    "OK", "OK", "DNS lists");
	lists("score_if_reject 3 defer_if_permit, warn_if_reject "
	      "score_if_reject 5 reject, score_if_reject 1 { if { recipient "
	      "== \"a@example.com\" } strict } if { score == 8 } reject",
	    a, "OK", "deferrals that would be kept, warnings, classes");
	lists("score_if_reject 3 check_recipient_access "
	      "inline:{a@example.com=OK} reject",
	    "OK", b, "a permit is one");
	lists("check_recipient_access inline:{{a@example.com = score 9}}, "
	      "reject_score_over 10",
	    "554 5.7.1 <a@example.com>: Recipient address rejected: Score 11 "
	    "is over 10",
	    "OK", "in the entry of a table");
}

/* What is said of ${list} at load. */
static void
mistake(const char *list, const char *text)
{
	struct session s;
	char config[4096];

	(void)snprintf(
	    config, sizeof config, "smtpd_recipient_restrictions = %s\n", list);
	begin(&s, config);
	ok(strstr(s.err.text, text) != NULL, "%.60s: %s", list, text);
	if (strstr(s.err.text, text) == NULL)
		printf("# %s\n", s.err.text);
	is(rcpt(&s, "a@example.com"), "451 4.3.5 Server configuration error",
	    "and is not passed over");
	end(&s);
	(void)log_text();
}

static void
test_mistakes(void)
{
	char deep[4096] = "";

	mistake("if reject",
	    "main.cf:7: smtpd_recipient_restrictions: if must be followed by "
	    "{ a condition }");
	mistake("if", "if must be followed by { a condition }");
	mistake("if { encrypted }", "must be followed by a restriction");
	mistake("if { encrypted } { }", "must be followed by a restriction");
	mistake("if { encryptet } reject",
	    "main.cf:7: smtpd_recipient_restrictions: if { encryptet }: "
	    "unknown fact \"encryptet\"; did you mean encrypted?");
	mistake("if { size > } reject", "is missing");
	mistake("if { time in 12:00 } reject", "bad window of time \"12:00\"");
	mistake("if { time in 12:00-25:00 } reject", "bad window of time");
	mistake("if { weekday in mon-friday } reject", "bad days");
	mistake("if { !encrypted } reject_unknow_sender_domain, permit",
	    "did you mean reject_unknown_sender_domain?");
	mistake("score", "restriction score must be followed by number");
	mistake("score x", "restriction score must be followed by number");
	mistake(
	    "score_if_reject", "score_if_reject must be followed by number");
	mistake("score_if_reject reject", "must be followed by number");
	mistake("score_if_reject 3",
	    "score_if_reject 3 must be followed by a restriction");
	mistake("score_if_reject 3 reject_unknown_sender_domains",
	    "did you mean reject_unknown_sender_domain?");
	mistake("score 10000000", "must be followed by number");
	mistake("reject_score_over 3.5", "must be followed by number");
	mistake("check_recipient_access inline:{{a@example.com = if { size > "
		"0 } reject}}",
	    "");
	for (unsigned i = 0; i < 50; i++)
		(void)snprintf(
		    deep + strlen(deep), 32, "%s", "if { size >= 0 } ");
	mistake(deep, "too deep");
}

/* What guards only sometimes is no guard. */
static void
test_guards(void)
{
	struct session s;

	begin(&s,
	    "smtpd_relay_restrictions =\n"
	    "smtpd_recipient_restrictions = if { score >= 0 } "
	    "reject_unauth_destination\n");
	is(rcpt(&s, "a@example.com"), "451 4.3.5 Server configuration error",
	    "a list that may be an open relay");
	end(&s);
	begin(&s,
	    "smtpd_relay_restrictions =\n"
	    "smtpd_recipient_restrictions = if { score < 0 } permit, "
	    "reject_unauth_destination\n");
	is(rcpt(&s, "a@example.com"), "OK", "and one that is none");
	is(rcpt(&s, "a@elsewhere.example"),
	    "554 5.7.1 <a@elsewhere.example>: Relay access denied",
	    "whatever stands before the guard");
	end(&s);
	(void)log_text();
}

int
main(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
	open_log();
	test_printing();
	test_limits();
	test_facts();
	test_lists();
	test_mistakes();
	test_guards();
	return done_testing();
}
