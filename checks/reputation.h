/* reputation.h - what is remembered of the mail of a client's network, and of the
 * domain whose SPF policy the message at hand has passed. */
#ifndef CHECKS_REPUTATION_H
#define CHECKS_REPUTATION_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct ask;
struct net_addr;
struct site;

enum reputation_of { REPUTATION_OF_NETWORK, REPUTATION_OF_DOMAIN };

/* All 0: nothing is known, or there is nobody to know of. */
struct reputation {
	bool asked;
	int64_t score; /* -100 .. 100 */
	int64_t good, bad;
};

/* An evaluation asks once, by enum reputation_of. */
enum { REPUTATIONS = 2 };

/*
 * reputation_find(ask, of):
 * Never NULL.  What cannot be asked is not known, and the log says so.  May
 * block.
 */
const struct reputation *
reputation_find(const struct ask *ask, enum reputation_of of);

/* reputation_network(site, arena, client): the name of the counter of a client:
 * "192.0.2.0/24"; NULL: it has none.  reputation_domain(arena, domain): that of
 * a domain; of NULL: NULL. */
const char *reputation_network(const struct site *site, struct arena *arena,
    const struct net_addr *client);
const char *reputation_domain(struct arena *arena, const char *domain);

#endif
