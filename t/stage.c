/* What is evaluated when, and what comes of it: lists, classes, entries of
 * tables, deferrals, warnings, the safety check, traces.  K-01 ... K-05, R-34
 * ... R-58, Example 11-2; hostile rows 58, 63, 66, 67, 68, 74. */
#include "classes/stage.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base_params.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "checks/checks_params.h"
#include "checks/dnsbl_cache.h"
#include "checks/subject.h"
#include "classes/classes_params.h"
#include "rules/route.h"
#include "rules/rules_params.h"
#include "t/tap.h"
#include "t/testworld.h"

static const struct param_table *const tables[] = { &base_params_table,
	&rules_params_table, &checks_params_table, &classes_params_table,
	NULL };

static const char zone[] = "example.com A 192.0.2.1\n"
			   "mx.example.com MX 10 host.example.com\n"
			   "host.example.com A 192.0.2.2\n"
			   "nothing.example.com MX 0 .\n"
			   "broken.example.com SERVFAIL\n"
			   "2.2.0.192.bl.test A 127.0.0.2\n"
			   "2.2.0.192.bl.test TXT bad\twords here\n"
			   "2.2.0.192.dead.test SERVFAIL\n"
			   "*.error.test A 127.255.255.254\n"
			   "*.parked.test A 203.0.113.9\n"
			   "evil.example.rhs.test A 127.0.0.4\n"
			   "2.2.0.192.wl.test A 127.0.0.2\n";

static const char base[] = "myhostname = mail.example.com\n"
			   "mydestination = example.com\n"
			   "local_recipient_maps =\n"
			   "alias_maps =\n"
			   "mynetworks = 127.0.0.0/8\n"
			   "relay_domains = relay.example\n";

/* A session, and what it has led to. */
struct session {
	struct testworld world;
	struct conf *conf;
	struct route *route;
	struct rules *rules;
	struct err err;
	struct stage_state state;
	struct subject subject;
	struct verdict verdict;
	char reply[1024];
};

static int log_fd = -1;

static const char *
log_text(void)
{
	static char text[16384];
	ssize_t n = pread(log_fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	(void)!ftruncate(log_fd, 0);
	(void)lseek(log_fd, 0, SEEK_SET);
	return text;
}

static void
begin(struct session *s, const char *config)
{
	static struct event_by by = { .program = "smtpd", .number = 1 };
	struct buf text = { 0 };
	struct err err = { 0 };

	memset(s, 0, sizeof *s);
	dnsbl_cache_flush();
	buf_printf(&text, "%s%s", base, config);
	s->world = testworld_new(zone);
	s->conf = conf_parse("main.cf", buf_str(&text), tables, &err);
	if (s->conf == NULL) {
		printf("# %s\n", err.text);
		exit(1);
	}
	s->route = route_open(s->conf, &s->err);
	s->rules = stage_compile(s->conf, s->route, false, &s->err);
	s->subject.arena = arena_new();
	s->subject.world = &s->world.world;
	s->subject.by = &by;
	s->subject.client_name = s->subject.reverse_name = "host.example.com";
	s->subject.client_addr = "192.0.2.2";
	s->subject.protocol = "ESMTP";
	(void)net_parse("192.0.2.2", &s->subject.client);
	buf_free(&text);
	(void)log_text();
}

static void
end(struct session *s)
{
	stage_reset_session(&s->state);
	stage_free(s->rules);
	route_close(s->route);
	arena_free(s->subject.arena);
	conf_free(s->conf);
}

/* As a door does it: once more, if the engine asks for a worker. */
static const char *
run(struct session *s, enum stage stage)
{
	stage_run(s->rules, stage, &s->subject, &s->state, &s->verdict);
	if (s->verdict.again)
		stage_run(s->rules, stage, &s->subject, &s->state, &s->verdict);
	if (s->verdict.pass)
		return "OK";
	(void)snprintf(s->reply, sizeof s->reply, "%d %s %s", s->verdict.code,
	    s->verdict.dsn, s->verdict.text);
	return s->reply;
}

static const char *
rcpt(struct session *s, const char *recipient)
{
	s->subject.recipient = recipient;
	return run(s, STAGE_RCPT);
}

/* One question: a configuration, a sender and a recipient, the reply. */
/* clang-format off */
static const struct question {
	const char *name, *config, *sender, *recipient, *reply;
} questions[] = {
	{ "R-52: a stranger does not relay", "",
	  "a@else.example", "b@else.example",
	  "454 4.7.1 <b@else.example>: Relay access denied" },
	{ "row 58: nor through a routed address",
	  "smtpd_relay_restrictions = reject_unauth_destination\n",
	  "a@else.example", "b@else.example@example.com",
	  "554 5.7.1 <b@else.example@example.com>: Relay access denied" },
	{ "row 58: nor with a percent sign",
	  "smtpd_relay_restrictions = reject_unauth_destination\n",
	  "", "b%else.example@example.com",
	  "554 5.7.1 <b%else.example@example.com>: Relay access denied" },
	{ "row 58: an OK for such an address is none",
	  "smtpd_relay_restrictions = check_recipient_access inline:{example.com=OK} reject\n",
	  "", "b%else.example@example.com",
	  "554 5.7.1 <b%else.example@example.com>: Recipient address rejected: Access denied" },
	{ "the postmaster is always there",
	  "smtpd_recipient_restrictions = reject\n",
	  "", "Postmaster", "OK" },
	{ "row 58: an unknown restriction is never skipped",
	  "smtpd_recipient_restrictions = reject_unknown_sender, reject\n",
	  "", "b@example.com", "451 4.3.5 Server configuration error" },
	{ "R-36", "smtpd_recipient_restrictions = reject\n", "", "b@example.com",
	  "554 5.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "one list's permit is not the other's",
	  "smtpd_recipient_restrictions = permit\n", "", "b@else.example",
	  "454 4.7.1 <b@else.example>: Relay access denied" },
	{ "names of restrictions in any case",
	  "smtpd_recipient_restrictions = REJECT\n", "", "b@example.com",
	  "554 5.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "K-03: a class by its name",
	  "smtpd_restriction_classes = ours\nours = permit_mynetworks, reject\n"
	  "smtpd_recipient_restrictions = ours\n", "", "b@example.com",
	  "554 5.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "names of classes are exact",
	  "smtpd_restriction_classes = ours\nours = permit\n"
	  "smtpd_recipient_restrictions = OURS\n", "", "b@example.com",
	  "451 4.3.5 Server configuration error" },
	{ "a bare table in a class has the meaning of the calling list",
	  "smtpd_restriction_classes = ours\nours = inline:{example.com=REJECT}\n"
	  "smtpd_recipient_restrictions = ours\n", "", "b@example.com",
	  "554 5.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "a class that calls itself",
	  "smtpd_restriction_classes = ours\nours = ours\n"
	  "smtpd_recipient_restrictions = ours\n", "", "b@example.com",
	  "451 4.3.5 Server configuration error" },
	{ "a table in the entry of a table",
	  "smtpd_recipient_restrictions = check_recipient_access inline:{{example.com = check_sender_access inline:x}}\n",
	  "", "b@example.com", "451 4.3.5 Server configuration error" },
	{ "an entry that names restrictions",
	  "smtpd_recipient_restrictions = check_recipient_access inline:{{example.com = permit_mynetworks, reject}}\n",
	  "", "b@example.com",
	  "554 5.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "in an entry, defer is the action",
	  "smtpd_recipient_restrictions = check_recipient_access inline:{example.com=defer}\n",
	  "", "b@example.com",
	  "450 4.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "a bare number is a permit",
	  "smtpd_recipient_restrictions = check_recipient_access inline:{example.com=450} reject\n",
	  "", "b@example.com", "OK" },
	{ "a number with a text is a reply",
	  "smtpd_recipient_restrictions = check_recipient_access inline:{{example.com = 550 5.2.1 gone}}\n",
	  "", "b@example.com",
	  "550 5.2.1 <b@example.com>: Recipient address rejected: gone" },
	{ "the code of the reply wins over the enhanced code",
	  "smtpd_recipient_restrictions = check_recipient_access inline:{{example.com = 450 5.2.1 gone}}\n",
	  "", "b@example.com",
	  "450 4.2.1 <b@example.com>: Recipient address rejected: gone" },
	{ "the domain goes before user@",
	  "smtpd_recipient_restrictions = check_recipient_access inline:{example.com=DUNNO,b@=REJECT}\n",
	  "", "b@example.com", "OK" },
	{ "an extension is looked up with and without",
	  "recipient_delimiter = +-\nsmtpd_recipient_restrictions = check_recipient_access inline:{b@example.com=REJECT}\n",
	  "", "b+x@example.com",
	  "554 5.7.1 <b+x@example.com>: Recipient address rejected: Access denied" },
	{ "the null sender has a key",
	  "smtpd_sender_restrictions = check_sender_access inline:{{<> = 550 no bounces}}\n",
	  "", "b@example.com",
	  "550 5.7.1 <>: Sender address rejected: no bounces" },
	{ "warn_if_reject is for one restriction",
	  "smtpd_recipient_restrictions = warn_if_reject reject_non_fqdn_sender, reject\n",
	  "a", "b@example.com",
	  "554 5.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "or for one class",
	  "smtpd_restriction_classes = ours\nours = reject_non_fqdn_sender, reject\n"
	  "smtpd_recipient_restrictions = warn_if_reject ours\n",
	  "a", "b@example.com", "OK" },
	{ "but not for a fault of ours",
	  "smtpd_recipient_restrictions = warn_if_reject no_such_thing\n",
	  "a", "b@example.com", "451 4.3.5 Server configuration error" },
	{ "it reports what would only have been deferred",
	  "smtpd_recipient_restrictions = warn_if_reject reject_unknown_sender_domain\n",
	  "a@broken.example.com", "b@example.com", "OK" },
	{ "row 63: what could not be asked defers a permit",
	  "smtpd_recipient_restrictions = reject_unknown_sender_domain, permit\n",
	  "a@broken.example.com", "b@example.com",
	  "450 4.1.8 <a@broken.example.com>: Sender address rejected: Domain not found" },
	{ "row 63: but not a rejection",
	  "smtpd_recipient_restrictions = reject_unknown_sender_domain, reject\n",
	  "a@broken.example.com", "b@example.com",
	  "554 5.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "or at once, if the admin says so",
	  "reject_tempfail_action = defer\nsmtpd_recipient_restrictions = reject_unknown_sender_domain, reject\n",
	  "a@broken.example.com", "b@example.com",
	  "450 4.1.8 <a@broken.example.com>: Sender address rejected: Domain not found" },
	{ "a deferral of the client list is carried on",
	  "smtpd_client_restrictions = defer_if_permit\nsmtpd_recipient_restrictions = permit\n",
	  "", "b@example.com",
	  "450 4.7.0 <host.example.com[192.0.2.2]>: Client host rejected: defer_if_permit requested" },
	{ "defer_if_reject",
	  "smtpd_recipient_restrictions = defer_if_reject, reject\n",
	  "", "b@example.com",
	  "450 4.7.0 <b@example.com>: Recipient address rejected: defer_if_reject requested" },
	{ "both: neither way is left, and the permit's reason is told",
	  "smtpd_recipient_restrictions = defer_if_reject, defer_if_permit, reject\n",
	  "", "b@example.com",
	  "450 4.7.0 <b@example.com>: Recipient address rejected: defer_if_permit requested" },
	{ "soft_bounce", "soft_bounce = yes\nsmtpd_recipient_restrictions = reject\n",
	  "", "b@example.com",
	  "454 4.7.1 <b@example.com>: Recipient address rejected: Access denied" },
	{ "a reply code that is none",
	  "reject_code = 250\nsmtpd_recipient_restrictions = reject\n",
	  "", "b@example.com", "450 4.7.1 Service unavailable" },
	{ "R-48, and row 68: the list's own words, made printable",
	  "smtpd_recipient_restrictions = reject_rbl_client bl.test\n",
	  "", "b@example.com",
	  "554 5.7.1 Service unavailable; Client host [192.0.2.2] blocked using bl.test; bad words here" },
	{ "a filter that does not match",
	  "smtpd_recipient_restrictions = reject_rbl_client bl.test=127.0.0.[3..9]\n",
	  "", "b@example.com", "OK" },
	{ "a malformed filter is a fault",
	  "smtpd_recipient_restrictions = reject_rbl_client bl.test=127.0.0\n",
	  "", "b@example.com", "451 4.3.5 Server configuration error" },
	{ "row 67: an error answer is no listing",
	  "smtpd_recipient_restrictions = reject_rbl_client error.test\n",
	  "", "b@example.com", "OK" },
	{ "row 67: nor is that of a domain that was sold",
	  "smtpd_recipient_restrictions = reject_rbl_client parked.test\n",
	  "", "b@example.com", "OK" },
	{ "row 66: a dead list lists nothing",
	  "smtpd_recipient_restrictions = reject_rbl_client dead.test\n",
	  "", "b@example.com", "OK" },
	{ "R-50", "smtpd_recipient_restrictions = reject_rhsbl_sender rhs.test\n",
	  "a@evil.example", "b@example.com",
	  "554 5.7.1 Service unavailable; Sender address [a@evil.example] blocked using rhs.test" },
	{ "a list that lets pass does not let relay",
	  "smtpd_relay_restrictions = permit_dnswl_client wl.test, reject_unauth_destination\n",
	  "", "b@else.example",
	  "554 5.7.1 <b@else.example>: Relay access denied" },
	{ "a list without its domain is left out",
	  "smtpd_recipient_restrictions = reject_rbl_client\n",
	  "", "b@example.com", "OK" },
	{ "what the DNS says may not permit",
	  "smtpd_recipient_restrictions = check_sender_mx_access inline:{host.example.com=OK}\n",
	  "a@mx.example.com", "b@example.com",
	  "451 4.3.5 Server configuration error" },
	{ "RFC 7505",
	  "smtpd_recipient_restrictions = reject_unknown_sender_domain\n",
	  "a@nothing.example.com", "b@example.com",
	  "550 5.7.27 <a@nothing.example.com>: Sender address rejected: Domain nothing.example.com does not accept mail (nullMX)" },
	{ "a recipient that is in none of our tables",
	  "local_recipient_maps = inline:{c=x}\n", "", "b@example.com",
	  "550 5.1.1 <b@example.com>: Recipient address rejected: User unknown in local recipient table" },
	{ "row 74: no policy service",
	  "smtpd_policy_service_retry_delay = 0s\n"
	  "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9\n",
	  "", "b@example.com",
	  "451 4.3.5 <b@example.com>: Recipient address rejected: Server configuration problem" },
	{ "its own default action",
	  "smtpd_policy_service_retry_delay = 0s\n"
	  "smtpd_recipient_restrictions = check_policy_service { inet:127.0.0.1:9, default_action=DUNNO }\n",
	  "", "b@example.com", "OK" },
	{ "R-34", "smtpd_recipient_restrictions = check_policy_service unix:grey\n",
	  "", "b@example.com",
	  "450 4.7.1 <b@example.com>: Recipient address rejected: come later" },
	{ "a verified sender",
	  "smtpd_recipient_restrictions = reject_unverified_sender\n",
	  "good@else.example", "b@example.com", "OK" },
	{ "an undeliverable one",
	  "unverified_sender_reject_code = 550\nsmtpd_recipient_restrictions = reject_unverified_sender\n",
	  "bad@else.example", "b@example.com",
	  "550 5.1.7 <bad@else.example>: Sender address rejected: undeliverable address: nobody here" },
	{ "no service that could verify",
	  "smtpd_recipient_restrictions = reject_unverified_sender\n",
	  "down@else.example", "b@example.com",
	  "450 4.1.7 <down@else.example>: Sender address rejected: address verification problem" },
	{ NULL, NULL, NULL, NULL, NULL },
};
/* clang-format on */

static const struct testworld_answer policies[] = {
	{ "unix:grey", "defer_if_permit come later" },
	{ NULL, NULL },
};
static const struct testworld_answer probes[] = {
	{ "good@else.example", "" },
	{ "bad@else.example", "nobody here" },
	{ "down@else.example", NULL },
	{ NULL, NULL },
};

static void
test_questions(void)
{
	for (const struct question *q = questions; q->name != NULL; q++) {
		struct session s;
		const char *reply;

		begin(&s, q->config);
		s.world.policies = policies;
		s.world.probes = probes;
		s.subject.helo = "host.example.com";
		s.subject.sender = q->sender;
		reply = rcpt(&s, q->recipient);
		is(reply, q->reply, "%s", q->name);
		if (strcmp(reply, q->reply) != 0)
			printf("# got %s\n# %s\n%s", reply, s.err.text,
			    log_text());
		end(&s);
	}
}

/* K-04 and Example 11-2, as they stand in the book, with the table that the
 * example has forgotten. */
static void
test_per_user(void)
{
	static const char config[] =
	    "smtpd_restriction_classes =\n spamlover\n spamhater\n"
	    "spamhater =\n reject_invalid_hostname\n"
	    " reject_non_fqdn_hostname\n reject_unknown_sender_domain\n"
	    " reject_rbl_client bl.test\n"
	    "spamlover = permit\n"
	    "smtpd_helo_required = yes\n"
	    "smtpd_client_restrictions =\n"
	    " check_client_access inline:{10.157=REJECT}\n"
	    "smtpd_helo_restrictions =\n reject_invalid_hostname\n"
	    " check_helo_access inline:{liar.example=REJECT}\n"
	    "smtpd_sender_restrictions =\n reject_non_fqdn_sender\n"
	    " check_sender_access inline:{marketing@=REJECT}\n"
	    "smtpd_recipient_restrictions =\n permit_mynetworks\n"
	    " reject_unauth_destination\n"
	    " check_recipient_access inline:{"
	    "abelard@example.com=spamhater,heloise@example.com=spamlover}\n"
	    " reject_non_fqdn_recipient\n"
	    "smtpd_data_restrictions =\n reject_unauth_pipelining\n";
	struct session s;

	begin(&s, config);
	is(s.err.text, "", "Example 11-2 has no mistakes");
	s.subject.helo = "host";
	s.subject.sender = "x@example.com";
	is(rcpt(&s, "heloise@example.com"), "OK", "the spamlover gets it");
	is(rcpt(&s, "abelard@example.com"),
	    "504 5.5.2 <host>: Helo command rejected: need fully-qualified "
	    "hostname",
	    "the spamhater does not");
	s.subject.helo = "host.example.com";
	is(rcpt(&s, "abelard@example.com"),
	    "554 5.7.1 Service unavailable; Client host [192.0.2.2] blocked "
	    "using bl.test; bad words here",
	    "nor from a listed client");
	s.subject.helo = "-.-";
	is(rcpt(&s, "heloise@example.com"),
	    "501 5.5.2 <-.->: Helo command rejected: Invalid name",
	    "T-35: a class cannot save what comes before it");
	s.subject.helo = "host.example.com";
	s.subject.sender = "marketing@else.example";
	is(rcpt(&s, "heloise@example.com"),
	    "554 5.7.1 <marketing@else.example>: Sender address rejected: "
	    "Access denied",
	    "user@ in a sender table");
	is(run(&s, STAGE_DATA), "OK", "R-53: DATA in its time");
	s.subject.pipelined = true;
	is(run(&s, STAGE_DATA),
	    "503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP "
	    "command pipelining",
	    "R-53: and before it");
	end(&s);
}

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

int
main(void)
{
	char path[] = "/tmp/weir-stage-XXXXXX";
	struct event_target target = { .name = "weir", .json_fd = -1 };

	target.fd = log_fd = mkstemp(path);
	(void)unlink(path);
	event_open(&target);
	test_questions();
	test_per_user();
	test_effects();
	test_stages();
	test_compile();
	test_blocks();
	test_dnsbl_once();
	test_trace();
	test_threads();
	return done_testing();
}
