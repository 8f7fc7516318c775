/* check.c - the registry of restrictions.  See check.h. */
#include "checks/check.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "checks/access.h"
#include "checks/address_checks.h"
#include "checks/client_checks.h"
#include "checks/dnsbl.h"
#include "checks/generic.h"
#include "checks/greylist.h"
#include "checks/helo_checks.h"
#include "checks/login_checks.h"
#include "checks/note.h"
#include "checks/policy_service.h"
#include "checks/rate_limit.h"
#include "checks/relay_checks.h"
#include "checks/server_access.h"
#include "checks/spf.h"
#include "checks/subject.h"

#define NONE    ARGUMENT_NONE
#define TABLE   ARGUMENT_TABLE
#define ZONE    ARGUMENT_ZONE
#define LIST    CHECK_OF_LIST
#define CLIENT  CHECK_OF_CLIENT
#define REVERSE CHECK_OF_REVERSE
#define HELO    CHECK_OF_HELO
#define SENDER  CHECK_OF_SENDER
#define RCPT    CHECK_OF_RECIPIENT

/* How an address list and a name list are asked. */
#define RBL     (CHECK_BLOCKS | CHECK_DNSBL | CHECK_LENIENT)
#define SERVERS (CHECK_BLOCKS | CHECK_NO_OK)

/* clang-format off */
static const struct check checks[] = {
/* Of no subject. */
{ "permit", NONE, LIST, CHECK_FINAL, generic_permit,
  "Permit; the list ends here.", NULL },
{ "reject", NONE, LIST, CHECK_FINAL | CHECK_GUARDS, generic_reject,
  "Reject with reject_code.", NULL },
{ "defer", NONE, LIST, CHECK_FINAL | CHECK_GUARDS, generic_defer,
  "Reject with defer_code, so that the client tries again.", NULL },
{ "defer_if_permit", NONE, LIST, CHECK_GUARDS, generic_defer_if_permit,
  "Defer the request if a later restriction would have it permitted.", NULL },
{ "defer_if_reject", NONE, LIST, 0, generic_defer_if_reject,
  "Defer the request if a later restriction rejects it.", NULL },
{ "warn_if_reject", NONE, LIST, 0, NULL,
  "Only log what the next restriction would reject.", NULL },
{ "sleep", ARGUMENT_SECONDS, LIST, 0, generic_sleep,
  "Wait so many seconds before the reply.", NULL },
{ "score", ARGUMENT_SCORE, LIST, 0, generic_score,
  "Add a number, which may be negative, to the score of this request.", NULL },
{ "reject_score_over", ARGUMENT_SCORE, LIST, 0, generic_reject_score,
  "Reject if the score is over this number.", NULL },
{ "reject_unauth_pipelining", NONE, LIST, 0, generic_pipelining,
  "Reject a client that sends commands before their time.", NULL },
{ "reject_plaintext_session", NONE, LIST, 0, generic_plaintext,
  "Reject a session without TLS.", NULL },
{ "reject_multi_recipient_bounce", NONE, LIST, 0, generic_multi_recipient,
  "Reject the null sender with more than one recipient.", NULL },
{ "check_policy_service", ARGUMENT_SERVICE, LIST, CHECK_BLOCKS,
  policy_service_ask, "Ask a policy server, and do what it says.", NULL },
{ "check_spf", NONE, LIST, CHECK_BLOCKS | CHECK_NO_OK, spf_ask,
  "Ask the SPF policies of the HELO name and of the sender, and do what weir_spf_actions says of the result.", NULL },

/* Of the client. */
{ "permit_mynetworks", NONE, LIST, 0, client_checks_mynetworks,
  "Permit a client in mynetworks.", NULL },
{ "permit_inet_interfaces", NONE, LIST, 0, client_checks_own_address,
  "Permit a client with one of this machine's addresses.", NULL },
{ "permit_sasl_authenticated", NONE, LIST, 0, client_checks_authenticated,
  "Permit a client that has logged in.", NULL },
{ "permit_tls_clientcerts", NONE, LIST, 0, client_checks_certificate,
  "Permit a client whose certificate is in relay_clientcerts.", NULL },
{ "permit_tls_all_clientcerts", NONE, LIST, 0, client_checks_any_certificate,
  "Permit a client with a certificate that an authority of ours has signed.", NULL },
{ "reject_unknown_client_hostname", NONE, CLIENT, 0, client_checks_unknown,
  "Reject a client whose address has no name, or whose name does not have the address.", NULL },
{ "reject_unknown_client", NONE, CLIENT, 0, client_checks_unknown,
  "The old name of reject_unknown_client_hostname.", NULL },
{ "reject_unknown_reverse_client_hostname", NONE, CLIENT, 0, client_checks_unknown_reverse,
  "Reject a client whose address has no name.", NULL },
{ "check_client_access", TABLE, CLIENT, 0, access_client,
  "Ask an access table for the client's name and the domains above it, its address and the networks around it.", NULL },
{ "check_reverse_client_hostname_access", TABLE, REVERSE, CHECK_NO_OK, access_client,
  "The same with the client's unverified name.", NULL },
{ "check_client_a_access", TABLE, CLIENT, SERVERS | CHECK_NAMED, server_access_a,
  "Ask an access table for the addresses of the client's name.", NULL },
{ "check_client_mx_access", TABLE, CLIENT, SERVERS | CHECK_NAMED, server_access_mx,
  "Ask an access table for the mail exchangers of the client's name.", NULL },
{ "check_client_ns_access", TABLE, CLIENT, SERVERS | CHECK_NAMED, server_access_ns,
  "Ask an access table for the name servers of the client's name.", NULL },
{ "check_reverse_client_hostname_a_access", TABLE, REVERSE, SERVERS | CHECK_NAMED, server_access_a,
  "Ask an access table for the addresses of the client's unverified name.", NULL },
{ "check_reverse_client_hostname_mx_access", TABLE, REVERSE, SERVERS | CHECK_NAMED, server_access_mx,
  "Ask an access table for the mail exchangers of the client's unverified name.", NULL },
{ "check_reverse_client_hostname_ns_access", TABLE, REVERSE, SERVERS | CHECK_NAMED, server_access_ns,
  "Ask an access table for the name servers of the client's unverified name.", NULL },
{ "check_ccert_access", ARGUMENT_CERTIFICATE, LIST, 0, access_certificate,
  "Ask an access table for the fingerprints of the client's certificate and key.", NULL },
{ "check_sasl_access", TABLE, LIST, 0, access_login,
  "Ask an access table for the login name.", NULL },
{ "reject_rbl_client", ZONE, CLIENT, RBL, dnsbl_reject_address,
  "Reject a client whose address a DNS list has.", NULL },
{ "reject_rbl", ZONE, CLIENT, RBL, dnsbl_reject_address,
  "The old name of reject_rbl_client.", NULL },
{ "reject_maps_rbl", NONE, CLIENT, CHECK_BLOCKS, dnsbl_maps_rbl,
  "Reject a client whose address one of maps_rbl_domains has.", "reject_rbl_client domain-name" },
{ "reject_rhsbl_client", ZONE, CLIENT, RBL | CHECK_NAMED, dnsbl_reject_domain,
  "Reject a client whose name a DNS list has.", NULL },
{ "reject_rhsbl_reverse_client", ZONE, REVERSE, RBL | CHECK_NAMED, dnsbl_reject_domain,
  "Reject a client whose unverified name a DNS list has.", NULL },
{ "permit_dnswl_client", ZONE, CLIENT, RBL | CHECK_ROUTES, dnsbl_permit_address,
  "Permit a client whose address a DNS list has; never to relay.", NULL },
{ "permit_rhswl_client", ZONE, CLIENT, RBL | CHECK_ROUTES | CHECK_NAMED, dnsbl_permit_domain,
  "Permit a client whose name a DNS list has; never to relay.", NULL },

/* Of the name in HELO. */
{ "check_helo_access", TABLE, HELO, 0, access_helo,
  "Ask an access table for the HELO name and the domains above it.", NULL },
{ "check_helo_a_access", TABLE, HELO, SERVERS, server_access_a,
  "Ask an access table for the addresses of the HELO name.", NULL },
{ "check_helo_mx_access", TABLE, HELO, SERVERS, server_access_mx,
  "Ask an access table for the mail exchangers of the HELO name.", NULL },
{ "check_helo_ns_access", TABLE, HELO, SERVERS, server_access_ns,
  "Ask an access table for the name servers of the HELO name.", NULL },
{ "reject_invalid_helo_hostname", NONE, HELO, 0, helo_checks_invalid,
  "Reject a malformed HELO name.", NULL },
{ "reject_invalid_hostname", NONE, HELO, 0, helo_checks_invalid,
  "The old name of reject_invalid_helo_hostname.", NULL },
{ "reject_non_fqdn_helo_hostname", NONE, HELO, 0, helo_checks_non_fqdn,
  "Reject a HELO name that is not fully qualified.", NULL },
{ "reject_non_fqdn_hostname", NONE, HELO, 0, helo_checks_non_fqdn,
  "The old name of reject_non_fqdn_helo_hostname.", NULL },
{ "reject_unknown_helo_hostname", NONE, HELO, CHECK_BLOCKS, helo_checks_unknown,
  "Reject a HELO name that has neither an address nor a mail exchanger.", NULL },
{ "reject_unknown_hostname", NONE, HELO, CHECK_BLOCKS, helo_checks_unknown,
  "The old name of reject_unknown_helo_hostname.", NULL },
{ "reject_rhsbl_helo", ZONE, HELO, RBL, dnsbl_reject_domain,
  "Reject a HELO name that a DNS list has.", NULL },
{ "permit_naked_ip_address", NONE, HELO, 0, helo_checks_naked_address,
  "Permit a HELO name that is an address without brackets.",
  "permit_mynetworks\" or \"permit_sasl_authenticated" },

/* Of the sender. */
{ "check_sender_access", TABLE, SENDER, CHECK_ROUTES | CHECK_NULL, access_address,
  "Ask an access table for the sender, its domain, the domains above it, and user@.", NULL },
{ "check_sender_a_access", TABLE, SENDER, SERVERS, server_access_a,
  "Ask an access table for the addresses of the sender's domain.", NULL },
{ "check_sender_mx_access", TABLE, SENDER, SERVERS, server_access_mx,
  "Ask an access table for the mail exchangers of the sender's domain.", NULL },
{ "check_sender_ns_access", TABLE, SENDER, SERVERS, server_access_ns,
  "Ask an access table for the name servers of the sender's domain.", NULL },
{ "reject_non_fqdn_sender", NONE, SENDER, 0, address_checks_non_fqdn,
  "Reject a sender whose domain is not fully qualified.", NULL },
{ "reject_unknown_sender_domain", NONE, SENDER, CHECK_BLOCKS | CHECK_ROUTES, address_checks_unknown_domain,
  "Reject a sender whose domain is not ours and has neither a mail exchanger nor an address.", NULL },
{ "reject_unknown_address", NONE, SENDER, CHECK_BLOCKS | CHECK_ROUTES, address_checks_unknown_domain,
  "The old name of reject_unknown_sender_domain.", NULL },
{ "reject_rhsbl_sender", ZONE, SENDER, RBL, dnsbl_reject_domain,
  "Reject a sender whose domain a DNS list has.", NULL },
{ "reject_unlisted_sender", NONE, SENDER, CHECK_ROUTES, address_checks_unlisted,
  "Reject a sender in a domain of ours that is in none of its tables.", NULL },
{ "reject_unverified_sender", NONE, SENDER, CHECK_BLOCKS, address_checks_unverified,
  "Reject a sender to whom mail is known to be undeliverable.", NULL },
{ "reject_sender_login_mismatch", NONE, SENDER, CHECK_ROUTES, login_checks_mismatch,
  "Reject a sender that the login does not own, or that somebody owns and the client has not logged in.", NULL },
{ "reject_authenticated_sender_login_mismatch", NONE, SENDER, CHECK_ROUTES, login_checks_authenticated,
  "Reject a sender that the login does not own.", NULL },
{ "reject_known_sender_login_mismatch", NONE, SENDER, CHECK_ROUTES, login_checks_known,
  "Reject a sender that somebody else than the login owns.", NULL },
{ "reject_unauthenticated_sender_login_mismatch", NONE, SENDER, CHECK_ROUTES, login_checks_unauthenticated,
  "Reject a sender that somebody owns, from a client that has not logged in.", NULL },

/* Of the recipient. */
{ "check_recipient_access", TABLE, RCPT, CHECK_ROUTES, access_address,
  "Ask an access table for the recipient, its domain, the domains above it, and user@.", NULL },
{ "check_recipient_a_access", TABLE, RCPT, SERVERS, server_access_a,
  "Ask an access table for the addresses of the recipient's domain.", NULL },
{ "check_recipient_mx_access", TABLE, RCPT, SERVERS, server_access_mx,
  "Ask an access table for the mail exchangers of the recipient's domain.", NULL },
{ "check_recipient_ns_access", TABLE, RCPT, SERVERS, server_access_ns,
  "Ask an access table for the name servers of the recipient's domain.", NULL },
{ "permit_auth_destination", NONE, RCPT, CHECK_ROUTES, relay_checks_permit,
  "Permit a recipient in a domain of ours or in relay_domains.", NULL },
{ "reject_unauth_destination", NONE, RCPT, CHECK_ROUTES | CHECK_GUARDS, relay_checks_reject,
  "Reject a recipient neither in a domain of ours nor in relay_domains.", NULL },
{ "defer_unauth_destination", NONE, RCPT, CHECK_ROUTES | CHECK_GUARDS, relay_checks_defer,
  "The same with a reply that lets the client try again.", NULL },
{ "check_relay_domains", NONE, RCPT, CHECK_ROUTES | CHECK_FINAL | CHECK_GUARDS, relay_checks_domains,
  "Permit a client or recipient in relay_domains, reject others.", "reject_unauth_destination" },
{ "permit_mx_backup", NONE, RCPT, CHECK_BLOCKS | CHECK_ROUTES, relay_checks_mx_backup,
  "Permit a recipient in a domain that this machine is a mail exchanger of.", "relay_domains" },
{ "reject_non_fqdn_recipient", NONE, RCPT, 0, address_checks_non_fqdn,
  "Reject a recipient whose domain is not fully qualified.", NULL },
{ "reject_unknown_recipient_domain", NONE, RCPT, CHECK_BLOCKS | CHECK_ROUTES, address_checks_unknown_domain,
  "Reject a recipient whose domain is not ours and has neither a mail exchanger nor an address.", NULL },
{ "reject_rhsbl_recipient", ZONE, RCPT, RBL, dnsbl_reject_domain,
  "Reject a recipient whose domain a DNS list has.", NULL },
{ "reject_unlisted_recipient", NONE, RCPT, CHECK_ROUTES, address_checks_unlisted,
  "Reject a recipient in a domain of ours that is in none of its tables.", NULL },
{ "check_recipient_maps", NONE, RCPT, CHECK_ROUTES, address_checks_unlisted,
  "The old name of reject_unlisted_recipient.", NULL },
{ "reject_unverified_recipient", NONE, RCPT, CHECK_BLOCKS, address_checks_unverified,
  "Reject a recipient to whom mail is known to be undeliverable.", NULL },

{ "greylist", NONE, RCPT, CHECK_REMEMBERS | CHECK_OURS, greylist_ask,
  "Defer a recipient's mail until its network and sender have waited (weir_memory(7)).", NULL },
{ "rate_limit", ARGUMENT_RATE, LIST, CHECK_REMEMBERS | CHECK_OURS, rate_limit_ask,
  "Do something about mail that comes too often, or too much of it (weir_memory(7)).", NULL },

/* Of the domain in ETRN. */
{ "check_etrn_access", TABLE, CHECK_OF_ETRN, 0, access_etrn,
  "Ask an access table for the ETRN domain and the domains above it.", NULL },
{ NULL, NONE, LIST, 0, NULL, NULL, NULL },
};
/* clang-format on */

const struct check *
check_all(void)
{
	return checks;
}

const struct check *
check_find(const char *name)
{
	for (const struct check *c = checks; c->name != NULL; c++)
		if (strcasecmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* How many letters are to be changed to make ${b} of ${a} (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= sizeof row / sizeof row[0])
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t change = diagonal + (a[i] != b[j]);
			size_t least =
			    row[j] < row[j + 1] ? row[j] : row[j + 1];

			diagonal = row[j + 1];
			row[j + 1] = change < least + 1 ? change : least + 1;
		}
	}
	return row[n];
}

const char *
check_suggest(const char *name)
{
	const char *best = NULL;
	size_t nearest = strlen(name) / 3 + 1;

	for (const struct check *c = checks; c->name != NULL; c++) {
		size_t d = distance(name, c->name);

		/* Half a name is more often written than a wrong one. */
		if (strncasecmp(name, c->name, strlen(name)) == 0 &&
		    strlen(name) > 8)
			d = 1;
		if (d < nearest) {
			nearest = d;
			best = c->name;
		}
	}
	return best;
}

static bool
is_named(const char *name)
{
	return name != NULL && strcasecmp(name, "unknown") != 0;
}

/* The fact that ${check} is about, and how a reply calls it. */
static bool
find_fact(struct ask *ask, const struct check *check)
{
	const struct subject *s = ask->subject;

	switch (check->of) {
	case CHECK_OF_LIST:
		ask->value = ask->name;
		return true;
	case CHECK_OF_CLIENT:
		ask->value = s->client_name;
		ask->name = note_client(s);
		ask->class = "Client host";
		return !(check->flags & CHECK_NAMED) || is_named(ask->value);
	case CHECK_OF_REVERSE:
		ask->value = ask->name = s->reverse_name;
		ask->class = "Unverified Client host";
		return ask->value != NULL &&
		    (!(check->flags & CHECK_NAMED) || is_named(ask->value));
	case CHECK_OF_HELO:
		ask->value = ask->name = s->helo;
		ask->class = "Helo command";
		return ask->value != NULL;
	case CHECK_OF_SENDER:
		ask->value = ask->name = s->sender;
		ask->class = "Sender address";
		return ask->value != NULL &&
		    (ask->value[0] != '\0' || (check->flags & CHECK_NULL));
	case CHECK_OF_RECIPIENT:
		ask->value = ask->name = s->recipient;
		ask->class = "Recipient address";
		return ask->value != NULL;
	case CHECK_OF_ETRN:
		ask->value = ask->name = s->etrn_domain;
		ask->class = "Etrn command";
		return ask->value != NULL;
	}
	return false;
}

bool
check_about(struct ask *ask, const struct check *check)
{
	ask->check = check;
	return find_fact(ask, check);
}
