/* access.h - look-ups in access(5) tables: which keys, in which order. */
#ifndef CHECKS_ACCESS_H
#define CHECKS_ACCESS_H

#include <stdbool.h>

struct answer;
struct ask;

/* The restrictions. */
void access_client(struct ask *ask, struct answer *answer);
void access_helo(struct ask *ask, struct answer *answer);
void access_address(struct ask *ask, struct answer *answer);
void access_etrn(struct ask *ask, struct answer *answer);
void access_login(struct ask *ask, struct answer *answer);
void access_certificate(struct ask *ask, struct answer *answer);

/* How a key may be asked for: tables of patterns want only the whole one. */
enum access_key { ACCESS_WHOLE, ACCESS_PART };

/*
 * access_find(ask, key, kind, answer): one key.
 * access_domain(): a name and the domains above it.
 * access_network(): an address, as text, and the networks around it.
 * True: the table has an entry, or could not be asked; ${answer} says what it
 * means.
 */
bool access_find(struct ask *ask, const char *key, enum access_key kind,
    struct answer *answer);
bool access_domain(struct ask *ask, const char *domain, enum access_key kind,
    struct answer *answer);
bool access_network(struct ask *ask, const char *addr, enum access_key kind,
    struct answer *answer);

#endif
