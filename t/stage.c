/* What is evaluated when, and what comes of it beside a reply: effects, stages,
 * the safety check, questions that block, traces, threads.  K-05, R-30; hostile
 * row 58. */
#include "classes/stage.h"

#include <pthread.h>

#include "classes/stage_waits.h"
#include "t/stage_rig.h"

static void
test_effects(void)
{
	struct session s;
	struct effect *e;

	begin(&s,
	    "smtpd_recipient_restrictions = "
	    "check_sender_access inline:{{a@x.example = PREPEND X-A: b}}, "
	    "check_recipient_access inline:{{example.com = HOLD look}}, "
	    "sleep 3, check_helo_access "
	    "inline:{{h.example = FILTER smtp:[127.0.0.1]}}\n");
	s.subject.helo = "h.example";
	s.subject.sender = "a@x.example";
	is(rcpt(&s, "b@example.com"), "OK", "effects do not reject");
	e = s.verdict.effects;
	ok(e != NULL && e->kind == EFFECT_PREPEND, "PREPEND");
	is(e->text, "X-A: b", "its header");
	e = e->next;
	ok(e != NULL && e->kind == EFFECT_HOLD, "HOLD");
	e = e->next;
	ok(e != NULL && e->kind == EFFECT_SLEEP &&
		e->number == 3 * CLOCK_SECOND,
	    "sleep is a timer of the door's");
	e = e->next;
	ok(e != NULL && e->kind == EFFECT_FILTER && e->next == NULL,
	    "FILTER, the last");
	ok(strstr(log_text(),
	       "NOQUEUE: hold: RCPT from host.example.com[192.0.2.2]: "
	       "<b@example.com>: Recipient address look; "
	       "from=<a@x.example> to=<b@example.com> proto=ESMTP "
	       "helo=<h.example>") != NULL,
	    "the log line of HOLD");
	end(&s);

	begin(&s,
	    "smtpd_recipient_restrictions = check_recipient_access "
	    "inline:{b@example.com=DISCARD}, reject\n");
	s.subject.sender = "a@x.example";
	is(rcpt(&s, "b@example.com"), "OK", "DISCARD ends all lists");
	is(rcpt(&s, "c@example.com"), "OK", "of the message");
	stage_reset_mail(&s.state);
	ok(strncmp(rcpt(&s, "c@example.com"), "554", 3) == 0,
	    "but not of the next");
	end(&s);
}

static void
test_stages(void)
{
	struct session s;

	begin(&s,
	    "smtpd_delay_reject = no\n"
	    "smtpd_client_restrictions = inline:{192.0.2=REJECT}\n"
	    "smtpd_helo_restrictions = reject_non_fqdn_helo_hostname\n"
	    "smtpd_sender_restrictions = reject_non_fqdn_sender\n"
	    "smtpd_end_of_data_restrictions = inline:{a=b}\n");
	is(run(&s, STAGE_CONNECT),
	    "554 5.7.1 <host.example.com[192.0.2.2]>: Client host rejected: "
	    "Access denied",
	    "R-30: the networks around an address");
	ok(strstr(log_text(), "reject: CONNECT from") != NULL,
	    "told at CONNECT");
	s.subject.helo = "h";
	ok(strncmp(run(&s, STAGE_HELO), "504 5.5.2 <h>", 13) == 0, "HELO");
	ok(strstr(log_text(), "reject: EHLO from") != NULL, "told as EHLO");
	s.subject.sender = "a";
	ok(strncmp(run(&s, STAGE_MAIL), "504 5.5.2 <a>", 13) == 0, "MAIL");
	is(run(&s, STAGE_END), "451 4.3.5 Server configuration error",
	    "at the end of data a bare table means nothing");
	end(&s);

	begin(&s,
	    "smtpd_client_restrictions = reject\n"
	    "smtpd_relay_before_recipient_restrictions = no\n"
	    "smtpd_recipient_restrictions = reject_non_fqdn_sender\n"
	    "smtpd_data_restrictions = check_recipient_access "
	    "inline:{b@example.com=REJECT}\n");
	is(run(&s, STAGE_CONNECT), "OK", "smtpd_delay_reject");
	ok(strncmp(rcpt(&s, "b@example.com"), "554", 3) == 0, "until RCPT");
	s.subject.recipient_count = 1;
	ok(!(run(&s, STAGE_DATA), s.verdict.pass),
	    "DATA knows the only recipient");
	s.subject.recipient_count = 2;
	ok((run(&s, STAGE_DATA), s.verdict.pass), "but not one of two");
	end(&s);
}

static void
test_compile(void)
{
	struct session s;
	struct err err = { 0 };
	struct rules *rules;

	begin(&s,
	    "smtpd_relay_restrictions = permit\n"
	    "smtpd_recipient_restrictions = warn_if_reject reject\n");
	ok(strstr(s.err.text, "reject_unauth_destination") != NULL,
	    "row 58: an open relay is found");
	is(rcpt(&s, "b@example.com"), "451 4.3.5 Server configuration error",
	    "and does not serve");
	rules = stage_compile(s.conf, s.route, true, &err);
	ok(rules == NULL, "strict: it is refused");
	stage_allow_open(s.rules);
	is(rcpt(&s, "b@else.example"), "OK", "the bench looks all the same");
	end(&s);

	begin(&s,
	    "smtpd_client_restrictions =\n permit_mynetworks\n"
	    " reject_unknown_sender_domian\n");
	is(s.err.text,
	    "main.cf:7: smtpd_client_restrictions: unknown smtpd "
	    "restriction: \"reject_unknown_sender_domian\"; did you mean "
	    "reject_unknown_sender_domain?",
	    "a mistake has its place and a suggestion");
	end(&s);

	begin(&s, "smtpd_recipient_restrictions = reject, permit\n");
	end(&s);
}

static void
test_blocks(void)
{
	struct session s;

	begin(&s,
	    "smtpd_restriction_classes = a, b\na = b\n"
	    "b = reject_unknown_sender_domain\n"
	    "smtpd_delay_reject = no\n"
	    "smtpd_sender_restrictions = a\n"
	    "smtpd_recipient_restrictions = check_recipient_access "
	    "inline:{b@example.com=reject_unknown_sender_domain}\n");
	ok(stage_blocks(s.rules, STAGE_MAIL), "a class of a class blocks");
	ok(!stage_blocks(s.rules, STAGE_DATA), "an empty list does not");
	ok(!stage_blocks(s.rules, STAGE_RCPT), "a table in memory does not");
	s.subject.sender = "a@no.example";
	s.subject.recipient = "b@example.com";
	stage_run(s.rules, STAGE_RCPT, &s.subject, &s.state, &s.verdict);
	ok(s.verdict.again && !s.verdict.pass, "until its entry does");
	ok(s.world.dns_asked == 0, "nothing was asked on the loop");
	ok(stage_blocks(s.rules, STAGE_RCPT), "then it is known");
	is(rcpt(&s, "b@example.com"),
	    "450 4.1.8 <a@no.example>: Sender address rejected: Domain not "
	    "found",
	    "and asked in a worker");
	end(&s);
}

static void
test_dnsbl_once(void)
{
	struct session s;

	begin(&s,
	    "weir_dnsbl_self_test = no\n"
	    "smtpd_recipient_restrictions = reject_rbl_client one.test, "
	    "reject_rbl_client two.test, reject_rbl_client bl.test\n");
	(void)rcpt(&s, "b@example.com");
	ok(s.world.dns_asked == 4, "three lists, and the reason of one");
	(void)rcpt(&s, "c@example.com");
	ok(s.world.dns_asked <= 6, "answers that may be kept are kept");
	end(&s);
}

static void
test_trace(void)
{
	struct session s;
	struct buf out = { 0 };

	begin(&s,
	    "smtpd_recipient_restrictions = permit_mynetworks, "
	    "check_recipient_access inline:{example.com=REJECT}\n"
	    "weir_reply_trace_id = yes\n");
	(void)rcpt(&s, "b@example.com");
	trace_print(s.verdict.trace, &out);
	ok(strstr(buf_str(&out), "smtpd_recipient_restrictions\n") != NULL,
	    "the list");
	ok(strstr(buf_str(&out), "  permit_mynetworks (192.0.2.2): DUNNO") !=
		NULL,
	    "a step, its input and its answer");
	ok(strstr(buf_str(&out), "(example.com): REJECT 554 5.7.1") != NULL,
	    "the key that decided");
	ok(strlen(s.verdict.trace->id) == 8 &&
		strstr(s.verdict.text, s.verdict.trace->id) != NULL,
	    "the client is told where to ask, if the admin wants it");
	buf_reset(&out);
	trace_json_steps(s.verdict.trace, &out);
	ok(strstr(buf_str(&out), "\"input\":\"example.com\"") != NULL,
	    "as JSON");
	buf_free(&out);
	end(&s);
}

/* Many sessions of one service at once, on its one set of rules. */
static void *
busy(void *arg)
{
	const struct session *shared = arg;
	struct session s = *shared;
	char recipient[32], *replies = NULL;

	s.world = testworld_new(zone);
	s.subject.arena = arena_new();
	s.subject.world = &s.world.world;
	for (unsigned i = 0; i < 200; i++) {
		(void)snprintf(
		    recipient, sizeof recipient, "u%u@example.com", i % 4);
		if (strncmp(rcpt(&s, recipient), i % 4 == 0 ? "504" : "554",
			3) != 0)
			replies = recipient;
		arena_reset(s.subject.arena);
	}
	stage_reset_session(&s.state);
	arena_free(s.subject.arena);
	return replies != NULL ? arg : NULL;
}

static void
test_threads(void)
{
	pthread_t threads[4];
	struct session s;
	void *failed = NULL;

	begin(&s,
	    "smtpd_recipient_restrictions = check_recipient_access "
	    "inline:{{u0@example.com = reject_non_fqdn_sender}, "
	    "{u1@example.com = permit_mynetworks, reject}, "
	    "{u2@example.com = reject_rbl_client bl.test}}, reject\n");
	s.subject.sender = "a";
	for (unsigned i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, busy, &s) != 0)
			exit(1);
	for (unsigned i = 0; i < 4; i++) {
		void *result;

		(void)pthread_join(threads[i], &result);
		failed = result != NULL ? result : failed;
	}
	ok(failed == NULL, "four threads, one set of rules");
	end(&s);
}

static void
test_waits(void)
{
	struct session s;

	begin(&s,
	    "smtpd_delay_reject = no\n"
	    "smtpd_restriction_classes = a\na = greylist\n"
	    "smtpd_client_restrictions = rate_limit { 1 messages / 1h per client_address }\n"
	    "weir_reputation = yes\n"
	    "smtpd_helo_restrictions = if { reputation < 5 } reject\n"
	    "smtpd_data_restrictions = check_client_access "
	    "inline:{host.example.com=a}\n"
	    "smtpd_recipient_restrictions = a, reject_unknown_sender_domain\n");
	ok(stage_waits(s.rules, STAGE_CONNECT) == WAIT_MEMORY,
	    "rate_limit waits for memory");
	ok(stage_waits(s.rules, STAGE_HELO) == WAIT_MEMORY,
	    "so does reputation");
	ok(stage_waits(s.rules, STAGE_DATA) == WAIT_NONE, "a table does not");
	ok(stage_waits(s.rules, STAGE_RCPT) == WAIT_OTHERS,
	    "the longest counts");
	stage_run(s.rules, STAGE_DATA, &s.subject, &s.state, &s.verdict);
	ok(s.verdict.again, "its entry does");
	ok(stage_waits(s.rules, STAGE_DATA) == WAIT_MEMORY, "as is then known");
	stage_run_within(
	    s.rules, STAGE_DATA, WAIT_NONE, &s.subject, &s.state, &s.verdict);
	ok(s.verdict.again, "who may not wait for it still does not");
	stage_run(s.rules, STAGE_DATA, &s.subject, &s.state, &s.verdict);
	ok(!s.verdict.again, "others do");
	end(&s);

	begin(&s,
	    "smtpd_recipient_restrictions = greylist\n"
	    "weir_greylist_clients = ldap:nowhere\n");
	ok(stage_waits(s.rules, STAGE_RCPT) == WAIT_OTHERS,
	    "tables that greylist asks first may be far away");
	end(&s);
}

int
main(void)
{
	open_log();
	test_effects();
	test_stages();
	test_compile();
	test_blocks();
	test_waits();
	test_dnsbl_once();
	test_trace();
	test_threads();
	return done_testing();
}
