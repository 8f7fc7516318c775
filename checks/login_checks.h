/* login_checks.h - restrictions on who may use which sender address. */
#ifndef CHECKS_LOGIN_CHECKS_H
#define CHECKS_LOGIN_CHECKS_H

struct answer;
struct ask;

/* reject_sender_login_mismatch and its parts: a client that has logged in must
 * own the address; one that knows must, if somebody owns it; one that has not
 * logged in must not use an address that somebody owns. */
void login_checks_mismatch(struct ask *ask, struct answer *answer);
void login_checks_authenticated(struct ask *ask, struct answer *answer);
void login_checks_known(struct ask *ask, struct answer *answer);
void login_checks_unauthenticated(struct ask *ask, struct answer *answer);

#endif
