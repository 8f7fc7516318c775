/* rate_limit.h - the restriction rate_limit: how much mail may come from one
 * client, sender, login and so on, and what is done about more. */
#ifndef CHECKS_RATE_LIMIT_H
#define CHECKS_RATE_LIMIT_H

struct answer;
struct ask;

void rate_limit_ask(struct ask *ask, struct answer *answer);

#endif
