/* smtp_hosts.c - see smtp_hosts.h. */
#include "delivery/smtp_hosts.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dns.h"
#include "base/event.h"
#include "delivery/name_search.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_nexthop.h"
#include "delivery/smtp_why.h"
#include "delivery/srv_order.h"
#include "delivery/transport.h"
#include "rules/address.h"
#include "rules/match.h"
#include "rules/record_filter.h"
#include "rules/world.h"

enum { MOST_HOSTS = 512, DEFAULT_PORT = 25, PATIENCE = 60 };

/* One search. */
struct search {
	const struct smtp_client *client;
	struct world *world;
	struct arena *arena;
	struct smtp_hosts *hosts;
	struct smtp_why *why;
	const struct smtp_nexthop *hop;
	const char *what; /* whose servers these are, in words */
	bool ordered;     /* they come in the order to be tried */
	unsigned best;    /* preference of the best server, address or not */
};

/* A server, before its addresses are known. */
struct server {
	const char *name;
	unsigned preference, port;
};

/* Put into words why the name service gave no answer. */
static void
no_answer(
    struct search *s, const char *name, enum dns_type type, enum dns_status how)
{
	static const struct {
		const char *dsn, *text;
	} words[] = {
		[DNS_NODATA] = { "5.4.4",
		    "Host found but no data record of requested type" },
		[DNS_NXDOMAIN] = { "5.4.4", "Host not found" },
		[DNS_INVALID] = { "5.4.3",
		    "Malformed or unexpected name server reply" },
		[DNS_RETRY] = { "4.4.3", "Host not found, try again" },
	};

	smtp_why_set(s->why, s->arena, words[how].dsn,
	    "Host or domain name not found. Name service error for name=%s "
	    "type=%s: %s",
	    name, record_filter_type(type), words[how].text);
}

static void
add(struct search *s, const struct server *server, const char *name,
    const struct net_addr *addr)
{
	struct smtp_hosts *hosts = s->hosts;

	if (hosts->count == MOST_HOSTS)
		return;
	hosts->list[hosts->count++] = (struct smtp_host){
		.name = name,
		.addr = *addr,
		.port = server->port,
		.preference = server->preference,
		.order = s->client->randomize_addresses && !s->ordered
		    ? s->world->ops->random(s->world)
		    : hosts->count,
	};
}

static void
add_answer(
    struct search *s, const struct server *server, const struct dns_question *q)
{
	const char *name = s->client->cname_overrides_servername
	    ? q->answer.canon
	    : server->name;

	for (size_t i = 0; i < q->answer.count; i++) {
		struct net_addr addr = {
			.family = q->type == DNS_A ? NET_IPV4 : NET_IPV6
		};

		memcpy(addr.octets, q->answer.records[i].octets,
		    sizeof addr.octets);
		add(s, server, name, &addr);
	}
}

static int64_t
deadline(const struct search *s)
{
	return smtp_nexthop_deadline(
	    s->hop, world_mono(s->world) + PATIENCE * CLOCK_SECOND);
}

/* The questions, for as long as there is time. */
static void
ask(struct search *s, struct dns_question *questions, size_t n)
{
	world_dns_all(s->world, s->arena, questions, n, deadline(s));
}

/* What the admin wants to be ignored is. */
static enum record_filter
filter(struct search *s, struct dns_question *q)
{
	enum record_filter result =
	    record_filter(s->client->records, s->world, s->arena, NULL, q);

	if (result == RECORD_FILTER_KEPT)
		return result;
	smtp_why_set(s->why, s->arena,
	    result == RECORD_FILTER_GONE ? "4.7.0" : "4.4.3",
	    "Error looking up name=%s type=%s: %s", q->name,
	    record_filter_type(q->type), record_filter_reason(result));
	return result;
}

/* ADDRESSES_NONE: the name service says so. */
enum addresses { ADDRESSES_FOUND, ADDRESSES_NONE, ADDRESSES_FAILED };

static enum addresses
find_dns(struct search *s, const struct server *server)
{
	const char *name = server->name;
	struct dns_question q[2];
	size_t n = 0, before = s->hosts->count;
	const char *ascii = address_alabel(s->arena, name);
	size_t worst = 0;
	bool filtered = false;

	if (ascii == NULL || !dns_valid_hostname(ascii, false)) {
		smtp_why_set(s->why, s->arena, "5.4.4",
		    "Name service error for %s: invalid host or domain name",
		    name);
		return ADDRESSES_NONE;
	}
	if (s->client->ipv4)
		q[n++] = (struct dns_question){ .name = ascii, .type = DNS_A };
	if (s->client->ipv6)
		q[n++] =
		    (struct dns_question){ .name = ascii, .type = DNS_AAAA };
	name_search(s->world, s->arena, s->client->search, q, n, deadline(s));
	for (size_t i = 0; i < n; i++) {
		if (filter(s, &q[i]) != RECORD_FILTER_KEPT) {
			filtered = true;
			continue;
		}
		if (q[i].answer.status == DNS_FOUND)
			add_answer(s, server, &q[i]);
		if (q[i].answer.status == DNS_RETRY ||
		    q[worst].answer.status != DNS_RETRY)
			worst = i;
	}
	if (s->hosts->count > before)
		return ADDRESSES_FOUND;
	if (n == 0 || filtered)
		return ADDRESSES_FAILED;
	no_answer(s, name, q[worst].type, q[worst].answer.status);
	return q[worst].answer.status == DNS_NODATA ||
		q[worst].answer.status == DNS_NXDOMAIN
	    ? ADDRESSES_NONE
	    : ADDRESSES_FAILED;
}

static bool
speaks(const struct smtp_client *client, const struct net_addr *addr)
{
	return addr->family == NET_IPV6 ? client->ipv6 : client->ipv4;
}

static bool
find_native(struct search *s, const struct server *server)
{
	const char *name = server->name;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *ai;
	size_t before = s->hosts->count;
	int e = getaddrinfo(name, NULL, &hints, &all);

	if (e != 0) {
		smtp_why_set(s->why, s->arena,
		    e == EAI_AGAIN || e == EAI_SYSTEM ? "4.4.3" : "5.4.4",
		    "unable to look up host %s: %s", name, gai_strerror(e));
		return false;
	}
	for (ai = all; ai != NULL; ai = ai->ai_next) {
		struct net_addr addr;
		unsigned port;

		if (!net_from_socket(ai->ai_addr, &addr, &port))
			continue;
		if (speaks(s->client, &addr))
			add(s, server, name, &addr);
	}
	freeaddrinfo(all);
	if (s->hosts->count > before)
		return true;
	smtp_why_set(s->why, s->arena, "5.4.4",
	    "unable to look up host %s: no usable address", name);
	return false;
}

/* Addresses of one server.  The system is asked for what the name service does
 * not know, not when that does not answer. */
static bool
find_server(struct search *s, const struct server *server)
{
	enum addresses found = ADDRESSES_NONE;
	struct net_addr addr;

	if (net_parse(server->name, &addr) && speaks(s->client, &addr)) {
		add(s, server, server->name, &addr);
		return true;
	}
	if (s->client->dns)
		found = find_dns(s, server);
	if (found != ADDRESSES_NONE || !s->client->native)
		return found == ADDRESSES_FOUND;
	return find_native(s, server);
}

/* Addresses of the next hop itself. */
static bool
find_host(struct search *s)
{
	struct server server = { .name = s->hop->host, .port = s->hop->port };

	return find_server(s, &server);
}

static bool
is_null_mx(const struct dns_answer *mx)
{
	return mx->count == 1 && mx->records[0].name[0] == '\0';
}

/* Addresses of all servers that ${records} name, of whose ports 0 is that of the
 * next hop.  A soft reason outlives the hard ones. */
static bool
find_servers(struct search *s, const struct dns_record *records, size_t n)
{
	struct smtp_why soft = { 0 };

	s->best = records[0].preference;
	for (size_t i = 0; i < n; i++) {
		const struct dns_record *r = &records[i];
		struct server server = { .name = r->name,
			.preference = r->preference,
			.port = r->port != 0 ? r->port : s->hop->port };

		if (r->preference < s->best)
			s->best = r->preference;

		if (r->name[0] != '\0' && !find_server(s, &server) &&
		    !smtp_why_hard(s->why))
			soft = *s->why;
	}
	if (s->hosts->count > 0)
		return true;
	if (soft.dsn != NULL)
		*s->why = soft;
	return false;
}

static bool
find_exchangers(
    struct search *s, const char *domain, const struct dns_answer *mx)
{
	if (find_servers(s, mx->records, mx->count))
		return true;
	event_warning(
	    NULL, "no MX host for %s has a valid address record", domain);
	if (s->why->dsn == NULL)
		smtp_why_set(s->why, s->arena, "5.4.4",
		    "no MX host for %s has a valid address record", domain);
	if (s->client->defer_if_no_mx_address_found)
		smtp_why_soften(s->why, s->arena);
	return false;
}

static bool
find_domain(struct search *s)
{
	const char *domain = s->hop->host;
	const char *ascii = address_alabel(s->arena, domain);
	struct dns_question q = { .name = ascii, .type = DNS_MX };
	const struct dns_answer *mx = &q.answer;

	if (ascii == NULL || !dns_valid_hostname(ascii, true)) {
		smtp_why_set(s->why, s->arena, "5.4.4",
		    "Name service error for %s: invalid host or domain name",
		    domain);
		return false;
	}
	ask(s, &q, 1);
	if (filter(s, &q) != RECORD_FILTER_KEPT)
		return false;
	switch (mx->status) {
	case DNS_FOUND:
		if (!is_null_mx(mx))
			return find_exchangers(s, domain, mx);
		smtp_why_set(s->why, s->arena, "5.1.10",
		    "Domain %s does not accept mail (nullMX)", domain);
		return false;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		return find_host(s);
	case DNS_INVALID:
	case DNS_RETRY:
		break;
	}
	if (s->client->transport->params.ignore_mx_lookup_error)
		return find_host(s);
	no_answer(s, ascii, DNS_MX, mx->status);
	return false;
}

static int
compare(const void *va, const void *vb)
{
	const struct smtp_host *a = va, *b = vb;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Among equals, the preferred family first. */
static void
prefer_family(struct search *s)
{
	const char *which = s->client->address_preference;
	enum net_family family =
	    strcmp(which, "ipv6") == 0 ? NET_IPV6 : NET_IPV4;

	if (strcmp(which, "ipv4") != 0 && strcmp(which, "ipv6") != 0)
		return;
	for (size_t i = 0; i < s->hosts->count; i++) {
		struct smtp_host *h = &s->hosts->list[i];

		h->order >>= 1;
		if (h->addr.family != family)
			h->order |= UINT64_C(1) << 63;
	}
}

/* RFC 5321, 5.1: if we are among the mail exchangers, only those that are
 * preferred to us may be tried, or the mail would go round in circles. */
static bool
drop_self(struct search *s)
{
	struct smtp_hosts *hosts = s->hosts;
	unsigned own;
	size_t i, n = 0;

	for (i = 0; i < hosts->count; i++)
		if (smtp_client_is_own(s->client, &hosts->list[i].addr))
			break;
	if (i == hosts->count)
		return true;
	own = hosts->list[i].preference;
	while (n < hosts->count && hosts->list[n].preference < own)
		n++;
	hosts->count = n;
	if (n > 0)
		return true;
	hosts->loops = own == s->best;
	if (!hosts->loops)
		smtp_why_set(s->why, s->arena, "4.4.4",
		    "unable to find primary relay for %s", s->what);
	else
		smtp_why_set(s->why, s->arena, "5.4.6",
		    "mail for %s loops back to myself", s->what);
	return false;
}

/* Keep ${most} addresses.  If all of those are of one family, the last gives
 * way to the first of the other, so that one broken family does not hide the
 * other. */
static void
limit(struct search *s, size_t most)
{
	struct smtp_host *list = s->hosts->list;
	enum net_family family = list[0].addr.family;
	size_t count = s->hosts->count, other = 0;

	if (most == 0 || count <= most)
		return;
	while (other < count && list[other].addr.family == family)
		other++;
	if (s->client->balance_inet_protocols && most > 1 && other >= most &&
	    other < count)
		list[most - 1] = list[other];
	s->hosts->count = most;
}

/* What has been found, in order, without what leads back here. */
static bool
arrange(struct search *s)
{
	struct smtp_hosts *hosts = s->hosts;

	if (!s->ordered)
		prefer_family(s);
	qsort(hosts->list, hosts->count, sizeof hosts->list[0], compare);
	for (size_t i = 0; i < hosts->count; i++)
		hosts->list[i].best =
		    hosts->list[i].preference == hosts->list[0].preference;
	/* Another port of this machine is somebody else. */
	return s->hop->port != DEFAULT_PORT || drop_self(s);
}

static bool
find_without_service(struct search *s)
{
	s->what = s->hop->host;
	s->ordered = false;
	return (s->hop->mx && s->client->exchangers ? find_domain(s)
						    : find_host(s)) &&
	    arrange(s);
}

static bool
is_null_service(const struct dns_answer *srv)
{
	for (size_t i = 0; i < srv->count; i++)
		if (srv->records[i].name[0] == '\0')
			return true;
	return false;
}

/* The servers that the SRV records ${srv} name. */
static bool
find_services(struct search *s, const struct dns_answer *srv)
{
	if (is_null_service(srv)) {
		smtp_why_set(s->why, s->arena, "5.1.0",
		    "Domain %s does not support SRV requests", s->what);
		return false;
	}
	if (find_servers(s,
		srv_order(srv->records, srv->count, s->world, s->arena),
		srv->count))
		return arrange(s);
	event_warning(
	    NULL, "no SRV host for %s has a valid address record", s->what);
	return false;
}

/* The servers of ${service}.  False: there are none, or *failed: that could not
 * be found out, which is never a reason to give mail back; a malformed answer is
 * none, either. */
static bool
find_service(struct search *s, const char *service, bool *failed)
{
	const char *ascii = address_alabel(s->arena, s->hop->host);
	struct dns_question q = { .type = DNS_SRV };

	s->ordered = true;
	s->what = arena_printf(s->arena, "_%s._tcp.%s", service,
	    ascii != NULL ? ascii : s->hop->host);
	q.name = s->what;
	if (ascii == NULL || !dns_valid_hostname(q.name, true)) {
		smtp_why_set(s->why, s->arena, "5.4.4",
		    "Name service error for %s: invalid host or domain name",
		    q.name);
		return false;
	}
	ask(s, &q, 1);
	switch (filter(s, &q)) {
	case RECORD_FILTER_KEPT:
		break;
	case RECORD_FILTER_FAILED:
		*failed = true;
		return false;
	case RECORD_FILTER_GONE:
		return false;
	}
	if (q.answer.status == DNS_FOUND)
		return find_services(s, &q.answer);
	no_answer(s, q.name, q.type, q.answer.status);
	*failed =
	    q.answer.status == DNS_RETRY || q.answer.status == DNS_INVALID;
	if (*failed)
		smtp_why_soften(s->why, s->arena);
	return false;
}

/* What use_srv_lookup says of the next hop. */
static enum table_status
wants_service(struct search *s, const char *service)
{
	if (s->client->services == NULL || !s->client->exchangers ||
	    s->hop->exact)
		return TABLE_NONE;
	return match_string(s->client->services, s->world, s->arena, service);
}

static bool
find_all(struct search *s)
{
	const struct delivery_params *p = &s->client->transport->params;
	const char *service =
	    s->hop->service != NULL ? s->hop->service : s->client->tcp_port;
	bool failed = false;

	switch (wants_service(s, service)) {
	case TABLE_NONE:
		return find_without_service(s);
	case TABLE_FAILED:
		smtp_why_set(s->why, s->arena, "4.3.0",
		    "use_srv_lookup lookup error for %s", service);
		return false;
	case TABLE_FOUND:
		break;
	}
	if (find_service(s, service, &failed))
		return true;
	if (!p->allow_srv_lookup_fallback &&
	    !(failed && p->ignore_srv_lookup_error))
		return false;
	event_info(
	    NULL, "skipping SRV lookup for %s: %s", s->what, s->why->text);
	*s->why = (struct smtp_why){ 0 };
	s->hosts->count = 0;
	s->hosts->loops = false;
	return find_without_service(s);
}

bool
smtp_hosts_find(const struct smtp_client *client, struct world *world,
    struct arena *arena, const struct smtp_nexthop *hop,
    struct smtp_hosts *hosts, struct smtp_why *why)
{
	struct search s = { .client = client,
		.world = world,
		.arena = arena,
		.hosts = hosts,
		.why = why,
		.hop = hop };

	hosts->count = 0;
	hosts->loops = false;
	hosts->list = arena_alloc(arena, MOST_HOSTS * sizeof hosts->list[0]);
	if (!find_all(&s))
		return false;
	limit(&s, (size_t)client->mx_address_limit);
	return true;
}
