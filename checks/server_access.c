/* server_access.c - see server_access.h. */
#include "checks/server_access.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/net.h"
#include "checks/access.h"
#include "checks/check.h"
#include "checks/lookup.h"
#include "checks/site.h"
#include "checks/subject.h"

/* A domain with a thousand name servers must not keep us busy. */
enum { MOST_ADDRESSES = 100 };

struct search {
	struct ask *ask;
	struct answer *answer;
	const char *type; /* "MX", "NS", "A" */
	unsigned addresses;
};

static bool
try_address(struct search *s, const struct net_addr *addr)
{
	char text[NET_TEXT];

	return access_network(
	    s->ask, net_print(addr, text), ACCESS_WHOLE, s->answer);
}

/* Ask the table for each address of ${host}. */
static bool
try_addresses(struct search *s, const char *host, const char **why)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct dns_answer found[2];

	for (unsigned t = 0; t < 2; t++) {
		struct net_addr addr = {
			.family = types[t] == DNS_A ? NET_IPV4 : NET_IPV6
		};

		if (lookup_dns(s->ask, host, types[t], &found[t]) !=
		    LOOKUP_FOUND)
			continue;
		for (size_t i = 0; i < found[t].count; i++) {
			if (++s->addresses > MOST_ADDRESSES)
				return false;
			memcpy(addr.octets, found[t].records[i].octets,
			    sizeof addr.octets);
			if (try_address(s, &addr))
				return true;
		}
	}
	if (found[0].count + found[1].count == 0)
		*why = lookup_no_address(&found[0], &found[1]);
	return false;
}

static void
try_host(struct search *s, const char *host)
{
	const struct ask *ask = s->ask;
	struct net_addr addr;
	const char *why = NULL;
	bool by_name = strcmp(s->type, "A") != 0;

	if (net_parse(host, &addr)) {
		(void)try_address(s, &addr);
		return;
	}
	if (by_name && access_domain(s->ask, host, ACCESS_WHOLE, s->answer))
		return;
	if (!try_addresses(s, host, &why) && why != NULL && by_name)
		event_warning(ask->subject->by,
		    "Unable to look up %s host %s for %s %s: %s", s->type, host,
		    ask->class, ask->name, why);
	if (s->addresses > MOST_ADDRESSES)
		event_warning(ask->subject->by,
		    "%s: %s server address count limit (%d) exceeded for %s "
		    "%s -- ignoring the remainder",
		    ask->check->name, s->type, MOST_ADDRESSES, ask->class,
		    ask->name);
}

/* The domain that the value is about, or NULL.  A literal is asked for as it
 * is, if the question makes sense for one. */
static const char *
domain_of(struct search *s)
{
	struct ask *ask = s->ask;
	const char *at = strrchr(ask->value, '@');
	const char *domain = at != NULL ? at + 1 : ask->value;
	size_t n = strlen(domain);
	struct net_addr addr;
	char text[NET_TEXT];

	if (n == 0)
		return NULL;
	if (domain[0] != '[')
		return domain;
	if (strcmp(s->type, "NS") != 0 && domain[n - 1] == ']' &&
	    net_parse(domain, &addr))
		(void)access_network(
		    ask, net_print(&addr, text), ACCESS_WHOLE, s->answer);
	return NULL;
}

static void
try_servers(struct search *s, const struct dns_answer *servers)
{
	for (size_t i = 0; i < servers->count && s->answer->input == NULL &&
	     s->addresses <= MOST_ADDRESSES;
	     i++)
		try_host(s, servers->records[i].name);
}

void
server_access_a(struct ask *ask, struct answer *answer)
{
	struct search s = { ask, answer, "A", 0 };
	const char *domain = domain_of(&s);

	if (domain != NULL)
		try_host(&s, domain);
}

static void
cannot_look_up(
    struct search *s, const char *domain, const struct dns_answer *servers)
{
	event_warning(s->ask->subject->by,
	    "Unable to look up %s host for %s: %s", s->type, domain,
	    lookup_reason(servers));
}

void
server_access_mx(struct ask *ask, struct answer *answer)
{
	struct search s = { ask, answer, "MX", 0 };
	const char *domain = domain_of(&s);
	struct dns_answer servers;

	if (domain == NULL)
		return;
	switch (lookup_dns(ask, domain, DNS_MX, &servers)) {
	case LOOKUP_NONE: /* RFC 5321, 5.1: the implicit MX */
		try_host(&s, domain);
		break;
	case LOOKUP_FOUND:
		try_servers(&s, &servers);
		break;
	case LOOKUP_NULL_MX:
		break;
	default:
		cannot_look_up(&s, domain, &servers);
	}
}

void
server_access_ns(struct ask *ask, struct answer *answer)
{
	struct search s = { ask, answer, "NS", 0 };
	const char *domain = domain_of(&s), *dot = domain;
	struct dns_answer servers;
	enum lookup_status status;

	if (domain == NULL)
		return;
	/* Most domains are in the zone of a parent. */
	do {
		domain = dot;
		status = lookup_dns(ask, domain, DNS_NS, &servers);
		dot = strchr(domain, '.');
		dot = dot != NULL && dot[1] != '\0' ? dot + 1 : NULL;
	} while (status == LOOKUP_NONE && dot != NULL);
	if (status == LOOKUP_FOUND)
		try_servers(&s, &servers);
	else if (status != LOOKUP_NULL_MX)
		cannot_look_up(
		    &s, status == LOOKUP_NONE ? ask->value : domain, &servers);
}
