/* spf.h - the restriction check_spf: may this client send mail of this domain
 * (RFC 7208)? */
#ifndef CHECKS_SPF_H
#define CHECKS_SPF_H

struct answer;
struct ask;

/* spf_ask(ask, answer): ask for the HELO name, then for the sender, and do what
 * weir_spf_actions says of the results.  May block until weir_spf_time_limit. */
void spf_ask(struct ask *ask, struct answer *answer);

#endif
