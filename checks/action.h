/* action.h - the right-hand side of an access(5) table, or what a policy
 * service answers. */
#ifndef CHECKS_ACTION_H
#define CHECKS_ACTION_H

#include <stdbool.h>

struct answer;
struct ask;

/*
 * action_parse(ask, table, key, value, answer):
 * Make an answer of ${value}, which ${table} (as in warnings) has for ${key}.
 * Actions that only log are logged here.  What is no action is a list of
 * restrictions: ANSWER_LIST.
 */
void action_parse(struct ask *ask, const char *table, const char *key,
    const char *value, struct answer *answer);

/* action_is(value): it is an action, not a list of restrictions.
 * action_permits(value): it is one that permits. */
bool action_is(const char *value);
bool action_permits(const char *value);

#endif
