/* policy_answer.h - a verdict, as an action that Postfix takes from a policy
 * server (access(5)). */
#ifndef POLICY_POLICY_ANSWER_H
#define POLICY_POLICY_ANSWER_H

#include "classes/stage.h"

struct policy_leftovers;
struct subject;

/*
 * policy_answer(verdict, stage, subject, left):
 * The action, one line, in the arena of ${subject}.  A list that passes is
 * DUNNO.  There is room for one action: where more is asked for, it is the one
 * that matters most, and the others wait in ${left}, to be told instead of
 * DUNNO; the log tells of those that cannot, or all if it is NULL.
 */
const char *policy_answer(const struct verdict *verdict, enum stage stage,
    const struct subject *subject, struct policy_leftovers *left);

/* policy_answer_pause(verdict): for how long (nanoseconds) the answer is to be
 * held back. */
int64_t policy_answer_pause(const struct verdict *verdict);

#endif
