/* client_checks.h - restrictions on the client's name, address, networks and
 * certificate. */
#ifndef CHECKS_CLIENT_CHECKS_H
#define CHECKS_CLIENT_CHECKS_H

struct answer;
struct ask;

void client_checks_unknown(struct ask *ask, struct answer *answer);
void client_checks_unknown_reverse(struct ask *ask, struct answer *answer);
void client_checks_mynetworks(struct ask *ask, struct answer *answer);
void client_checks_own_address(struct ask *ask, struct answer *answer);
void client_checks_authenticated(struct ask *ask, struct answer *answer);
void client_checks_certificate(struct ask *ask, struct answer *answer);
void client_checks_any_certificate(struct ask *ask, struct answer *answer);

#endif
