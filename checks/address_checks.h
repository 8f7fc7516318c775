/* address_checks.h - restrictions on the sender's or recipient's address and
 * on what its domain says in the DNS. */
#ifndef CHECKS_ADDRESS_CHECKS_H
#define CHECKS_ADDRESS_CHECKS_H

struct answer;
struct ask;

void address_checks_non_fqdn(struct ask *ask, struct answer *answer);
void address_checks_unknown_domain(struct ask *ask, struct answer *answer);
void address_checks_unlisted(struct ask *ask, struct answer *answer);
void address_checks_unverified(struct ask *ask, struct answer *answer);

#endif
