/* milterd_settle.h - what becomes of a message, from all that was decided about it. */
#ifndef POLICY_MILTERD_SETTLE_H
#define POLICY_MILTERD_SETTLE_H

#include "policy/milterd_visit.h"

/* milterd_settle(v, outcome): the answer to the end of the message of ${v}, which
 * every list has let pass, and *outcome, if it is taken. */
enum milterd_answer
milterd_settle(struct milterd_visit *v, struct milterd_outcome *outcome);

#endif
