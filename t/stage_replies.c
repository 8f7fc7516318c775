/* What a client is told when the lists, classes and entries of tables say what
 * they say: K-01 ... K-04, R-34 ... R-58, Example 11-2; hostile rows 58, 63, 66,
 * 67, 68, 74. */
#include "t/stage_rig.h"

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

int
main(void)
{
	open_log();
	test_questions();
	test_per_user();
	return done_testing();
}
