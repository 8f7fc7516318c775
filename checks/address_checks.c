/* address_checks.c - see address_checks.h. */
#include "checks/address_checks.h"

#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "checks/check.h"
#include "checks/lookup.h"
#include "checks/resolved.h"
#include "checks/site.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/world.h"

static bool
about_sender(const struct ask *ask)
{
	return ask->check->of == CHECK_OF_SENDER;
}

static bool
is_literal(const char *domain)
{
	size_t n = strlen(domain);

	return n > 1 && domain[0] == '[' && domain[n - 1] == ']';
}

void
address_checks_non_fqdn(struct ask *ask, struct answer *answer)
{
	struct arena *arena = ask->subject->arena;
	const char *domain = address_domain(ask->value);
	size_t n;

	if (domain == NULL)
		domain = "";
	if (is_literal(domain))
		return;
	n = strlen(domain);
	if (n > 1 && domain[n - 1] == '.' && domain[n - 2] != '.')
		domain = arena_strndup(arena, domain, n - 1);
	/* The rules for names are those of the DNS, also for U-labels. */
	if (address_alabel(arena, domain) != NULL)
		domain = address_alabel(arena, domain);
	if (strchr(domain, '.') == NULL || !dns_valid_hostname(domain, false))
		answer_reject(ask, answer,
		    (int)ask->site->params.non_fqdn_reject_code, "4.5.2",
		    "<%s>: %s rejected: need fully-qualified address",
		    ask->name, ask->class);
}

/* What the DNS says of ${domain}, as a reply. */
static void
judge_domain(struct ask *ask, struct answer *answer, const char *domain)
{
	int code = (int)ask->site->params.unknown_address_reject_code;
	const char *dsn = about_sender(ask) ? "4.1.8" : "4.1.2";
	const char *why = "Domain not found";

	switch (lookup_mail_host(ask, domain)) {
	case LOOKUP_FOUND:
		return;
	case LOOKUP_POLICY:
		event_warning(ask->subject->by,
		    "%s: MX or address lookup error: %s", domain,
		    "DNS reply filter drops all results");
		return;
	case LOOKUP_NULL_MX: /* RFC 7505, section 4 */
		answer_reject(ask, answer, about_sender(ask) ? 550 : 556,
		    about_sender(ask) ? "4.7.27" : "4.1.10",
		    "<%s>: %s rejected: Domain %s does not accept mail "
		    "(nullMX)",
		    ask->name, ask->class, domain);
		return;
	case LOOKUP_RETRY:
		answer_reject(ask, answer, 450, dsn, "<%s>: %s rejected: %s",
		    ask->name, ask->class, why);
		answer_soften(ask, answer, ask->site->address_tempfail);
		return;
	case LOOKUP_INVALID:
		why = "Malformed DNS server reply";
		break;
	case LOOKUP_NONE:
		break;
	}
	answer_reject(ask, answer, code, dsn, "<%s>: %s rejected: %s",
	    ask->name, ask->class, why);
}

void
address_checks_unknown_domain(struct ask *ask, struct answer *answer)
{
	const struct resolved *r = resolved_find(ask, ask->value);
	const char *domain;

	if (r->status == TABLE_FAILED) {
		answer_cannot_ask(ask, answer, ask->value);
		return;
	}
	domain = address_domain(
	    r->route.recipient != NULL ? r->route.recipient : r->key);
	/* Domains of our own need no entry in the DNS. */
	if (domain == NULL || is_literal(domain) ||
	    r->route.class == ROUTE_LOCAL ||
	    r->route.class == ROUTE_VIRTUAL_ALIAS ||
	    r->route.class == ROUTE_VIRTUAL_MAILBOX)
		return;
	answer->input = domain;
	judge_domain(ask, answer, domain);
}

void
address_checks_unlisted(struct ask *ask, struct answer *answer)
{
	struct subject *s = ask->subject;
	const struct resolved *r = resolved_find(ask, ask->value);
	struct route_unknown unknown = { 0 };
	bool sender = about_sender(ask);
	int code;

	/* The implicit check at the end of the list need not ask again, unless
	 * this is but a rehearsal. */
	if (!ask->warning) {
		if (sender)
			ask->knew_sender = true;
		else
			ask->knew_recipient = true;
	}
	if (r->status == TABLE_FAILED) {
		answer_cannot_ask(ask, answer, ask->value);
		return;
	}
	switch (route_known_as(ask->site->route, s->world, s->arena, &r->route,
	    sender, &unknown)) {
	case ROUTE_KNOWN:
		return;
	case ROUTE_CANNOT_ASK:
		answer_cannot_ask(ask, answer, ask->value);
		return;
	case ROUTE_UNKNOWN:
		break;
	}
	code = unknown.code_parameter != NULL
	    ? site_number(ask->site, unknown.code_parameter)
	    : unknown.code;
	answer_reject(ask, answer, code, status_code_suit(ask, unknown.dsn),
	    "<%s>: %s rejected: %s", ask->name, ask->class, unknown.text);
}

/* What a probe that found something out makes of the mail. */
static void
judge_probe(struct ask *ask, struct answer *answer, int code,
    enum answer_kind tempfail, const char *why)
{
	const char *dsn = about_sender(ask) ? "4.1.7" : "4.1.1";

	if (code == 250)
		return;
	answer_reject(ask, answer, code, dsn,
	    code >= 500 ? "<%s>: %s rejected: undeliverable address: %.250s"
			: "<%s>: %s rejected: unverified address: %.250s",
	    ask->name, ask->class, why);
	if (code < 500)
		answer_soften(ask, answer, tempfail);
}

void
address_checks_unverified(struct ask *ask, struct answer *answer)
{
	struct subject *s = ask->subject;
	const struct checks_params *p = &ask->site->params;
	bool sender = about_sender(ask);
	enum answer_kind tempfail = sender
	    ? ask->site->unverified_sender_tempfail
	    : ask->site->unverified_recipient_tempfail;
	int bad = (int)(sender ? p->unverified_sender_reject_code
			       : p->unverified_recipient_reject_code);
	int later = (int)(sender ? p->unverified_sender_defer_code
				 : p->unverified_recipient_defer_code);
	const char *reason = sender ? p->unverified_sender_reject_reason
				    : p->unverified_recipient_reject_reason;
	const char *text = "";

	enum world_probe probe =
	    s->world->ops->verify(s->world, s->arena, ask->value, &text);

	if (probe == WORLD_PROBE_OK)
		return;
	if (probe != WORLD_PROBE_FAILED) {
		judge_probe(ask, answer, probe == WORLD_PROBE_BAD ? bad : later,
		    tempfail, reason[0] != '\0' ? reason : text);
		return;
	}
	answer_reject(ask, answer, 450, sender ? "4.1.7" : "4.1.1",
	    "<%s>: %s rejected: address verification problem", ask->name,
	    ask->class);
	answer_soften(ask, answer, tempfail);
}
