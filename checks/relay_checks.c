/* relay_checks.c - see relay_checks.h. */
#include "checks/relay_checks.h"

#include <string.h>
#include <strings.h>

#include "checks/check.h"
#include "checks/lookup.h"
#include "checks/resolved.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/address.h"
#include "rules/match.h"

static bool
is_final(const struct resolved *r)
{
	return r->route.class == ROUTE_LOCAL ||
	    r->route.class == ROUTE_VIRTUAL_ALIAS ||
	    r->route.class == ROUTE_VIRTUAL_MAILBOX;
}

/* "user@elsewhere@ours" is not ours until it has been forwarded: an open relay
 * for those who know the trick. */
static bool
is_uncertain(const struct ask *ask, const struct resolved *r)
{
	return r->route.routed && !ask->site->params.allow_untrusted_routing;
}

bool
relay_checks_authorized(
    struct ask *ask, const char *recipient, struct answer *answer)
{
	const struct resolved *r = resolved_find(ask, recipient);

	if (r->status == TABLE_FAILED) {
		answer_cannot_ask(ask, answer, recipient);
		return false;
	}
	/* Without a domain it is for this machine. */
	if (address_domain(r->key) == NULL)
		return true;
	return !is_uncertain(ask, r) &&
	    (is_final(r) || r->route.class == ROUTE_RELAY);
}

void
relay_checks_permit(struct ask *ask, struct answer *answer)
{
	if (relay_checks_authorized(ask, ask->value, answer))
		answer->kind = ANSWER_PERMIT;
}

static void
deny(struct ask *ask, struct answer *answer, int code)
{
	if (!relay_checks_authorized(ask, ask->value, answer) &&
	    answer->kind == ANSWER_DUNNO)
		answer_reject(ask, answer, code, "4.7.1",
		    "<%s>: Relay access denied", ask->value);
}

void
relay_checks_reject(struct ask *ask, struct answer *answer)
{
	deny(ask, answer, (int)ask->site->params.relay_domains_reject_code);
}

void
relay_checks_defer(struct ask *ask, struct answer *answer)
{
	deny(ask, answer,
	    (int)ask->site->params.relay_domains_reject_code - 100);
}

/* check_relay_domains, of old: who is in relay_domains may relay anywhere. */
void
relay_checks_domains(struct ask *ask, struct answer *answer)
{
	const struct subject *s = ask->subject;
	enum table_status client = TABLE_NONE;

	if (strcasecmp(s->client_name, "unknown") != 0)
		client = route_relays(
		    ask->site->route, s->world, s->arena, s->client_name);
	if (client == TABLE_FAILED)
		answer_cannot_ask(ask, answer, ask->value);
	else if (client == TABLE_FOUND ||
	    relay_checks_authorized(ask, ask->value, answer))
		answer->kind = ANSWER_PERMIT;
	else if (answer->kind == ANSWER_DUNNO)
		answer_reject(ask, answer,
		    (int)ask->site->params.relay_domains_reject_code, "4.7.1",
		    "<%s>: %s rejected: Relay access denied", ask->name,
		    ask->class);
}

/* The addresses of ${host}, one after the other. */
struct host_addresses {
	struct dns_answer answers[2];
	unsigned which;
	size_t next;
	enum lookup_status status; /* the worst, if none was found */
};

static void
ask_addresses(const struct ask *ask, const char *host, struct host_addresses *h)
{
	enum lookup_status a, aaaa;

	memset(h, 0, sizeof *h);
	a = lookup_dns(ask, host, DNS_A, &h->answers[0]);
	aaaa = lookup_dns(ask, host, DNS_AAAA, &h->answers[1]);
	h->status = a > aaaa ? a : aaaa;
}

static bool
next_address(struct host_addresses *h, struct net_addr *addr)
{
	for (; h->which < 2; h->which++, h->next = 0) {
		const struct dns_answer *answer = &h->answers[h->which];

		if (answer->status != DNS_FOUND || h->next >= answer->count)
			continue;
		addr->family = h->which == 0 ? NET_IPV4 : NET_IPV6;
		memcpy(addr->octets, answer->records[h->next++].octets,
		    sizeof addr->octets);
		return true;
	}
	return false;
}

/* Are we one of the mail exchangers?  By name, or by address. */
static bool
we_are_mx(struct ask *ask, struct answer *answer, const struct dns_answer *mx)
{
	struct subject *s = ask->subject;
	struct host_addresses h;
	struct net_addr addr;

	for (size_t i = 0; i < mx->count; i++)
		if (strcasecmp(mx->records[i].name, ask->site->myhostname) ==
			0 ||
		    route_final(ask->site->route, s->world, s->arena,
			mx->records[i].name) == TABLE_FOUND)
			return true;
	for (size_t i = 0; i < mx->count; i++) {
		ask_addresses(ask, mx->records[i].name, &h);
		if (h.status != LOOKUP_FOUND) {
			answer_reject(ask, answer, 450, "4.4.4",
			    "<%s>: %s rejected: Unable to look up mail "
			    "exchanger host %s: %s",
			    ask->name, ask->class, mx->records[i].name,
			    lookup_no_address(&h.answers[0], &h.answers[1]));
			answer_soften(ask, answer, ANSWER_DEFER_IF_REJECT);
		}
		while (next_address(&h, &addr))
			if (site_owns(ask->site, &addr))
				return true;
	}
	return false;
}

/* Are all addresses of the best mail exchangers in the given networks? */
static bool
primaries_agree(
    struct ask *ask, struct answer *answer, const struct dns_answer *mx)
{
	struct subject *s = ask->subject;
	unsigned best = mx->records[0].preference;
	struct host_addresses h;
	struct net_addr addr;

	for (size_t i = 1; i < mx->count; i++)
		if (mx->records[i].preference < best)
			best = mx->records[i].preference;
	for (size_t i = 0; i < mx->count; i++) {
		if (mx->records[i].preference != best)
			continue;
		ask_addresses(ask, mx->records[i].name, &h);
		if (h.status != LOOKUP_FOUND) {
			answer_reject(ask, answer, 450, "4.4.4",
			    "<%s>: %s rejected: Unable to look up host %s as "
			    "mail exchanger: %s",
			    ask->name, ask->class, mx->records[i].name,
			    lookup_no_address(&h.answers[0], &h.answers[1]));
			answer_soften(ask, answer, ANSWER_DEFER_IF_REJECT);
			return false;
		}
		while (next_address(&h, &addr))
			if (match_client(ask->site->mx_backup_networks,
				s->world, s->arena, "unknown",
				&addr) != TABLE_FOUND)
				return false;
	}
	return true;
}

void
relay_checks_mx_backup(struct ask *ask, struct answer *answer)
{
	const struct resolved *r = resolved_find(ask, ask->value);
	const char *domain = address_domain(r->key);
	struct dns_answer mx;
	enum lookup_status status;

	if (r->status == TABLE_FAILED) {
		answer_cannot_ask(ask, answer, ask->value);
		return;
	}
	if (domain == NULL || (!is_uncertain(ask, r) && is_final(r))) {
		answer->kind = ANSWER_PERMIT;
		return;
	}
	if (is_uncertain(ask, r) || domain[0] == '[')
		return;
	status = lookup_dns(ask, domain, DNS_MX, &mx);
	if (status == LOOKUP_RETRY || status == LOOKUP_INVALID) {
		answer_reject(ask, answer, 450, "4.4.4",
		    "<%s>: %s rejected: Unable to look up mail exchanger "
		    "information: %s",
		    ask->name, ask->class, lookup_reason(&mx));
		answer_soften(ask, answer, ANSWER_DEFER_IF_REJECT);
	}
	if (status != LOOKUP_FOUND || !we_are_mx(ask, answer, &mx))
		return;
	if (match_empty(ask->site->mx_backup_networks) ||
	    primaries_agree(ask, answer, &mx))
		answer->kind = ANSWER_PERMIT;
}
