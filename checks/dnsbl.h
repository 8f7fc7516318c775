/* dnsbl.h - DNS lists of addresses and names (RFC 5782). */
#ifndef CHECKS_DNSBL_H
#define CHECKS_DNSBL_H

#include <stdbool.h>

struct answer;
struct ask;

/* The restrictions: lists that block, lists that let pass, by address or by
 * name; and reject_maps_rbl with its list of zones. */
void dnsbl_reject_address(struct ask *ask, struct answer *answer);
void dnsbl_reject_domain(struct ask *ask, struct answer *answer);
void dnsbl_permit_address(struct ask *ask, struct answer *answer);
void dnsbl_permit_domain(struct ask *ask, struct answer *answer);
void dnsbl_maps_rbl(struct ask *ask, struct answer *answer);

/*
 * dnsbl_want(ask):
 * Note the question that the check in ${ask} (with CHECK_DNSBL, and prepared
 * by check_about()) is going to ask, unless its answer is known.
 * dnsbl_fetch(ask):
 * Ask all noted questions at once, under one deadline.  The checks themselves
 * do this too, so that wanting early only saves time.
 */
void dnsbl_want(struct ask *ask);
void dnsbl_fetch(struct ask *ask);

#endif
