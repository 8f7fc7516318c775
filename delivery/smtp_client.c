/* smtp_client.c - see smtp_client.h. */
#include "delivery/smtp_client.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/dns_search.h"
#include "base/err.h"
#include "base/tls.h"
#include "checks/content_lists.h"
#include "delivery/smtp_cache.h"
#include "delivery/transport.h"
#include "queue/transcript_notice.h"
#include "rules/match.h"
#include "rules/route.h"
#include "rules/table_list.h"

enum { MOST_OWN = 256 };

static void
add_own(struct smtp_client *c, const struct net_addr *addr)
{
	if (c->nown < MOST_OWN && !smtp_client_is_own(c, addr))
		c->own[c->nown++] = *addr;
}

/* The addresses of a word of inet_interfaces or proxy_interfaces. */
static void
add_own_host(struct smtp_client *c, const char *host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *ai;
	struct net_addr addr;
	unsigned port;

	if (net_parse(host, &addr)) {
		add_own(c, &addr);
		return;
	}
	if (getaddrinfo(host, NULL, &hints, &all) != 0)
		return;
	for (ai = all; ai != NULL; ai = ai->ai_next)
		if (net_from_socket(ai->ai_addr, &addr, &port))
			add_own(c, &addr);
	freeaddrinfo(all);
}

static void
add_own_all(struct smtp_client *c)
{
	struct net_block blocks[MOST_OWN];
	int n = net_own_blocks("host", blocks, MOST_OWN);

	for (int i = 0; i < n; i++)
		add_own(c, &blocks[i].addr);
}

static bool
is_loopback(const struct net_addr *addr)
{
	static const struct net_addr one = { .family = NET_IPV6,
		.octets[15] = 1 };

	return addr->family == NET_IPV4 ? addr->octets[0] == 127
					: net_equal(addr, &one);
}

/* A mail system that is one of several on this machine is to be known by its
 * own address: that is what connections are made from, unless ${from} is set. */
static void
find_virtual(
    struct smtp_client *c, enum net_family family, struct net_addr *from)
{
	const struct net_addr *only = NULL;

	for (size_t i = 0; i < c->nown; i++) {
		if (c->own[i].family != family)
			continue;
		if (only != NULL)
			return;
		only = &c->own[i];
	}
	if (only != NULL && !is_loopback(only) && from->family == NET_NONE)
		*from = *only;
}

static void
find_own(struct smtp_client *c, struct arena *arena)
{
	const char *cursor = c->transport->base.inet_interfaces, *word;

	c->own = arena_alloc(arena, MOST_OWN * sizeof c->own[0]);
	while ((word = conf_word(&cursor, arena)) != NULL) {
		if (strcmp(word, "all") == 0) {
			add_own_all(c);
		} else if (strcmp(word, "loopback-only") == 0) {
			add_own_host(c, "127.0.0.1");
			add_own_host(c, "::1");
		} else {
			add_own_host(c, word);
		}
	}
	find_virtual(c, NET_IPV4, &c->from4);
	find_virtual(c, NET_IPV6, &c->from6);
	cursor = c->transport->base.proxy_interfaces;
	while ((word = conf_word(&cursor, arena)) != NULL)
		add_own_host(c, word);
}

bool
smtp_client_is_own(const struct smtp_client *c, const struct net_addr *addr)
{
	static const struct net_addr any4 = { .family = NET_IPV4 };
	static const struct net_addr any6 = { .family = NET_IPV6 };

	/* The system takes these for itself, too. */
	if (net_equal(addr, &any4) || net_equal(addr, &any6))
		return true;
	for (size_t i = 0; i < c->nown; i++)
		if (net_equal(&c->own[i], addr))
			return true;
	return false;
}

static void
find_protocols(struct smtp_client *c, struct arena *arena)
{
	const char *cursor = c->transport->base.inet_protocols, *word;

	while ((word = conf_word(&cursor, arena)) != NULL) {
		if (strcmp(word, "all") == 0)
			c->ipv4 = c->ipv6 = true;
		else if (strcmp(word, "ipv4") == 0)
			c->ipv4 = true;
		else if (strcmp(word, "ipv6") == 0)
			c->ipv6 = true;
	}
}

static int
find_lookups(struct smtp_client *c, struct arena *arena, struct err *err)
{
	const char *cursor = c->host_lookup, *word;
	bool disabled = false;

	while ((word = conf_word(&cursor, arena)) != NULL) {
		if (strcmp(word, "dns") == 0) {
			c->dns = true;
		} else if (strcmp(word, "native") == 0) {
			c->native = true;
		} else {
			err_set(err, "bad host lookup method: %s", word);
			return -1;
		}
	}
	if (c->dns_support_level[0] == '\0')
		disabled = c->transport->params.disable_dns_lookups;
	else if (strcasecmp(c->dns_support_level, "disabled") == 0)
		disabled = true;
	else if (strcasecmp(c->dns_support_level, "enabled") != 0 &&
	    strcasecmp(c->dns_support_level, "dnssec") != 0) {
		err_set(err, "bad DNS support level: %s", c->dns_support_level);
		return -1;
	}
	cursor = c->dns_resolver_options;
	while ((word = conf_word(&cursor, arena)) != NULL) {
		if (strcmp(word, "res_defnames") == 0) {
			c->search |= DNS_SEARCH_DEFAULT;
		} else if (strcmp(word, "res_dnsrch") == 0) {
			c->search |= DNS_SEARCH_DOMAINS;
		} else {
			err_set(err, "bad DNS resolver option: %s", word);
			return -1;
		}
	}
	c->exchangers = !disabled;
	if (disabled) {
		c->dns = false;
		c->native = true;
	}
	return 0;
}

static int
find_from(const char *text, enum net_family family, struct net_addr *from,
    struct err *err)
{
	if (text[0] == '\0')
		return 0;
	if (net_parse(text, from) && from->family == family)
		return 0;
	err_set(err, "bad bind address: %s", text);
	return -1;
}

static int
find_target(struct smtp_client *c, struct err *err)
{
	c->probe_data = strcmp(c->address_verify_target, "data") == 0;
	if (c->probe_data || strcmp(c->address_verify_target, "rcpt") == 0)
		return 0;
	err_set(err, "bad protocol stage: \"%s\"", c->address_verify_target);
	return -1;
}

static int
find_level(struct smtp_client *c, struct err *err)
{
	static const struct {
		const char *name;
		enum smtp_tls_level level;
	} levels[] = {
		{ "none", SMTP_TLS_NONE },
		{ "may", SMTP_TLS_MAY },
		{ "encrypt", SMTP_TLS_ENCRYPT },
		{ "verify", SMTP_TLS_VERIFY },
		{ "secure", SMTP_TLS_SECURE },
	};

	if (c->tls_security_level[0] == '\0') {
		c->level = c->enforce_tls ? SMTP_TLS_ENCRYPT
		    : c->use_tls          ? SMTP_TLS_MAY
					  : SMTP_TLS_NONE;
		return 0;
	}
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		if (strcmp(levels[i].name, c->tls_security_level) == 0) {
			c->level = levels[i].level;
			return 0;
		}
	}
	err_set(
	    err, "TLS level \"%s\" is not supported", c->tls_security_level);
	return -1;
}

static int
open_tls(struct smtp_client *c, struct err *err)
{
	bool required = c->level >= SMTP_TLS_ENCRYPT;
	struct tls_settings settings = {
		.cert_file = c->tls_cert_file,
		.key_file = c->tls_key_file,
		.chain_files = c->tls_chain_files,
		.ca_file = c->tls_CAfile,
		.ca_path = c->tls_CApath,
		.protocols =
		    required ? c->tls_mandatory_protocols : c->tls_protocols,
		.ciphers = required ? c->tls_mandatory_ciphers : c->tls_ciphers,
	};

	if (c->level == SMTP_TLS_NONE)
		return 0;
	c->tls = tls_client_new(&settings, err);
	return c->tls != NULL ? 0 : -1;
}

/* A table that cannot be opened is told of; mail waits for it. */
static void
open_checks(struct smtp_client *c, struct err *err)
{
	const char *agent = c->lmtp ? "lmtp" : "smtp";
	const struct content_lists_name lists[] = {
		[CONTENT_HEADER] = { "header_checks", c->header_checks },
		[CONTENT_MIME] = { "mime_header_checks",
		    c->mime_header_checks },
		[CONTENT_NESTED] = { "nested_header_checks",
		    c->nested_header_checks },
		[CONTENT_BODY] = { "body_checks", c->body_checks },
	};

	c->checks =
	    content_lists_open_sending(c->transport->conf, agent, lists, err);
	c->edits = !content_lists_idle(c->checks);
}

/* ${tables}, which smtp_${name} or lmtp_${name} is; NULL: there are none. */
static struct table_list *
open_tables(const struct smtp_client *c, const char *tables, const char *name,
    struct arena *arena, struct err *err)
{
	if (tables[0] == '\0')
		return NULL;
	return table_list_open(tables,
	    arena_printf(arena, "%s_%s", c->lmtp ? "lmtp" : "smtp", name),
	    c->transport->conf, arena, err);
}

static void
open_maps(struct smtp_client *c, struct arena *arena, struct err *err)
{
	c->generic =
	    open_tables(c, c->generic_maps, "generic_maps", arena, err);
	if (c->generic != NULL)
		c->route = route_open(c->transport->conf, err);
	c->overlooked = open_tables(c, c->discard_ehlo_keyword_address_maps,
	    c->lmtp ? "discard_lhlo_keyword_address_maps"
		    : "discard_ehlo_keyword_address_maps",
	    arena, err);
	c->pix = open_tables(
	    c, c->pix_workaround_maps, "pix_workaround_maps", arena, err);
	c->replies =
	    open_tables(c, c->reply_filter, "reply_filter", arena, err);
	c->records =
	    open_tables(c, c->dns_reply_filter, "dns_reply_filter", arena, err);
	if (c->transport->params.use_srv_lookup[0] != '\0')
		c->services = match_open(c->transport->params.use_srv_lookup,
		    "use_srv_lookup", 0, c->transport->conf, err);
}

static void
copy_settings(
    struct smtp_client *c, const struct delivery_params *p, bool lmtp_)
{
#define CLIENT(member, type, smtp, lmtp) c->member = lmtp_ ? p->lmtp : p->smtp;
#include "delivery/client.def"
#undef CLIENT
}

static void
copy_tls_settings(
    struct smtp_client *c, const struct delivery_params *p, bool lmtp_)
{
#define CLIENT(member, type, smtp, lmtp) c->member = lmtp_ ? p->lmtp : p->smtp;
#include "delivery/client_tls.def"
#undef CLIENT
}

struct smtp_client *
smtp_client_open(
    const struct transport *t, bool lmtp, struct arena *arena, struct err *err)
{
	struct smtp_client *c = arena_alloc(arena, sizeof *c);

	copy_settings(c, &t->params, lmtp);
	copy_tls_settings(c, &t->params, lmtp);
	c->transport = t;
	c->lmtp = lmtp;
	find_protocols(c, arena);
	if (!net_port(c->tcp_port, &c->port)) {
		err_set(err, "bad port: %s", c->tcp_port);
		return NULL;
	}
	if (find_lookups(c, arena, err) != 0 ||
	    find_from(c->bind_address, NET_IPV4, &c->from4, err) != 0 ||
	    find_from(c->bind_address6, NET_IPV6, &c->from6, err) != 0 ||
	    find_target(c, err) != 0 || find_level(c, err) != 0 ||
	    open_tls(c, err) != 0)
		return NULL;
	c->told = arena_alloc(arena, sizeof *c->told);
	transcript_notice_site(t->conf, arena, c->told);
	find_own(c, arena);
	open_checks(c, err);
	open_maps(c, arena, err);
	c->cache = smtp_cache_new();
	return c;
}

void
smtp_client_close(struct smtp_client *c)
{
	smtp_cache_free(c->cache);
	content_lists_close(c->checks);
	table_list_close(c->generic);
	table_list_close(c->overlooked);
	table_list_close(c->pix);
	table_list_close(c->replies);
	table_list_close(c->records);
	match_close(c->services);
	route_close(c->route);
	tls_client_free(c->tls);
}
