/* server_access.h - access tables asked with the name servers, the mail
 * exchangers or the addresses of a domain. */
#ifndef CHECKS_SERVER_ACCESS_H
#define CHECKS_SERVER_ACCESS_H

struct answer;
struct ask;

void server_access_ns(struct ask *ask, struct answer *answer);
void server_access_mx(struct ask *ask, struct answer *answer);
void server_access_a(struct ask *ask, struct answer *answer);

#endif
