/* smtp_client.h - what all deliveries of one smtp or lmtp transport share. */
#ifndef DELIVERY_SMTP_CLIENT_H
#define DELIVERY_SMTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/net.h"
#include "base/param.h"

struct arena;
struct content_lists;
struct err;
struct match;
struct route;
struct smtp_cache;
struct table_list;
struct tls_client;
struct transcript_site;
struct transport;

enum smtp_tls_level {
	SMTP_TLS_NONE,
	SMTP_TLS_MAY,     /* if offered; never a reason not to deliver */
	SMTP_TLS_ENCRYPT, /* always, with anybody */
	SMTP_TLS_VERIFY,  /* always, with a server that proves its name */
	SMTP_TLS_SECURE,  /* ... one that is not taken from the DNS */
};

struct smtp_client {
/* smtp_name or lmtp_name, whichever the transport is. */
#define CLIENT(member, type, smtp, lmtp) param_##type member;
#include "delivery/client.def"
#include "delivery/client_tls.def"
#undef CLIENT
	const struct transport *transport;
	bool lmtp;
	bool probe_data;  /* a probe ends after DATA, not after RCPT */
	unsigned port;    /* of tcp_port */
	bool dns, native; /* where addresses of hosts are looked up */
	bool exchangers;  /* MX and SRV records are asked for */
	unsigned search;  /* DNS_SEARCH_*, for names of hosts */
	bool ipv4, ipv6;  /* inet_protocols */
	struct net_addr from4, from6; /* NET_NONE: any */
	enum smtp_tls_level level;
	struct tls_client *tls; /* NULL: no TLS */
	struct content_lists *checks;
	bool edits; /* there is something in them */
	/* NULL: none */
	struct table_list *generic;    /* generic_maps */
	struct route *route;           /* for it */
	struct table_list *overlooked; /* keywords, by address */
	struct table_list *pix;        /* pix_workaround_maps */
	struct table_list *replies;    /* reply_filter */
	struct table_list *records;    /* dns_reply_filter */
	struct match *services;        /* use_srv_lookup */
	struct net_addr *own;          /* addresses that reach this machine */
	size_t nown;
	struct smtp_cache *cache;
	struct transcript_site *told; /* of sessions that go wrong */
};

/* smtp_client_open(transport, lmtp, arena, err): NULL: a parameter is wrong.  A
 * table of checks that cannot be opened is in ${err}, too; then mail waits.
 * May ask the system for the addresses of inet_interfaces. */
struct smtp_client *smtp_client_open(const struct transport *transport,
    bool lmtp, struct arena *arena, struct err *err);

void smtp_client_close(struct smtp_client *client);

/* smtp_client_is_own(client, addr): connecting there would come back. */
bool smtp_client_is_own(
    const struct smtp_client *client, const struct net_addr *addr);

#endif
