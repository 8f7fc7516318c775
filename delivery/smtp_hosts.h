/* smtp_hosts.h - which servers take mail for a destination, best first. */
#ifndef DELIVERY_SMTP_HOSTS_H
#define DELIVERY_SMTP_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/net.h"

struct arena;
struct smtp_client;
struct smtp_nexthop;
struct smtp_why;
struct world;

struct smtp_host {
	const char *name;
	struct net_addr addr;
	unsigned port;
	unsigned preference;
	bool best;      /* none is preferred to it */
	uint64_t order; /* among equals */
};

struct smtp_hosts {
	struct smtp_host *list;
	size_t count;
	bool loops; /* we are the best one: nobody else is to be tried */
};

/*
 * smtp_hosts_find(client, world, arena, hop, hosts, why):
 * Ask for the servers of ${hop} (SRV records where use_srv_lookup has its
 * service), its mail exchangers and addresses, leave out those that
 * lead back here and those beyond, sort, and keep smtp_mx_address_limit of
 * them.  False: nobody can be tried, and ${why} says why (hard or soft).
 * Blocks as long as the resolver does.
 */
bool smtp_hosts_find(const struct smtp_client *client, struct world *world,
    struct arena *arena, const struct smtp_nexthop *hop,
    struct smtp_hosts *hosts, struct smtp_why *why);

#endif
