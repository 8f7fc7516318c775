/* peer.c - see peer.h. */
#include "checks/peer.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/dns.h"
#include "base/event.h"
#include "base/net.h"
#include "checks/subject.h"
#include "rules/world.h"

bool
peer_blocks(const struct subject *subject)
{
	return !dns_hosts_knows(&subject->client);
}

static void
refuse(struct subject *s, enum subject_name status)
{
	s->client_name = "unknown";
	s->name_status = status;
}

void
peer_skip(struct subject *subject)
{
	refuse(subject, SUBJECT_NAME_PERM);
	subject->reverse_name = "unknown";
	subject->reverse_status = SUBJECT_NAME_PERM;
}

/* Who logs; there is no mail yet that it could be about. */
static struct event_by
nobody(const struct subject *s)
{
	struct event_by by = { 0 };

	if (s->by != NULL)
		by = *s->by;
	by.qid = NULL;
	return by;
}

static void
warn(const struct subject *s, const char *name, const char *why)
{
	struct event_by by = nobody(s);

	event_warning(&by, "hostname %s does not resolve to address %s%s%s",
	    name, s->client_addr, why[0] != '\0' ? ": " : "", why);
}

/* Does ${name} have the client's address?  Otherwise it is a claim of whoever
 * runs the reverse zone. */
static void
confirm(struct subject *s, const char *name)
{
	bool ipv4 = s->client.family == NET_IPV4;
	struct dns_answer answer;

	if (dns_hosts_has(name, &s->client)) {
		s->client_name = name;
		s->name_status = SUBJECT_NAME_OK;
		return;
	}
	world_dns(s->world, s->arena, name, ipv4 ? DNS_A : DNS_AAAA, &answer);
	for (size_t i = 0; answer.status == DNS_FOUND && i < answer.count;
	     i++) {
		if (memcmp(answer.records[i].octets, s->client.octets,
			ipv4 ? 4 : 16) != 0)
			continue;
		s->client_name = name;
		s->name_status = SUBJECT_NAME_OK;
		return;
	}
	refuse(s,
	    answer.status == DNS_RETRY ? SUBJECT_NAME_TEMP
				       : SUBJECT_NAME_FORGED);
	warn(s, name,
	    answer.status == DNS_RETRY ? "Temporary failure in name resolution"
		: answer.status == DNS_FOUND ? ""
					     : "Name or service not known");
}

void
peer_find(struct subject *subject)
{
	struct subject *s = subject;
	struct dns_answer answer;
	struct event_by by;
	char reverse[80];
	const char *name = dns_hosts_name(&s->client, s->arena);

	peer_skip(s);
	if (s->client.family != NET_IPV4 && s->client.family != NET_IPV6)
		return;
	if (name == NULL) {
		dns_reverse(&s->client, reverse);
		world_dns(s->world, s->arena, reverse, DNS_PTR, &answer);
		if (answer.status == DNS_RETRY)
			s->name_status = s->reverse_status = SUBJECT_NAME_TEMP;
		if (answer.status != DNS_FOUND || answer.count == 0)
			return;
		name = answer.records[0].name;
		/* A name that looks like an address, or is none at all, must
		 * not come to stand where a name is trusted. */
		if (!dns_valid_hostname(name, false)) {
			by = nobody(s);
			event_warning(
			    &by, "invalid hostname for %s", s->client_addr);
			return;
		}
	}
	name = arena_strdup(s->arena, name);
	s->reverse_name = name;
	s->reverse_status = SUBJECT_NAME_OK;
	confirm(s, name);
}
