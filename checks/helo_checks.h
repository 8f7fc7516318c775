/* helo_checks.h - restrictions on the name in HELO or EHLO. */
#ifndef CHECKS_HELO_CHECKS_H
#define CHECKS_HELO_CHECKS_H

struct answer;
struct ask;

void helo_checks_invalid(struct ask *ask, struct answer *answer);
void helo_checks_non_fqdn(struct ask *ask, struct answer *answer);
void helo_checks_unknown(struct ask *ask, struct answer *answer);
void helo_checks_naked_address(struct ask *ask, struct answer *answer);

#endif
