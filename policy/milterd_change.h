/* milterd_change.h - what was decided about a message, told to its MTA. */
#ifndef POLICY_MILTERD_CHANGE_H
#define POLICY_MILTERD_CHANGE_H

#include <stdbool.h>

struct milterd_mta;
struct milterd_outcome;
struct milterd_visit;

/* milterd_change(mta, v, outcome): tell ${mta} of all changes of the message of
 * ${v}.  False, and logged: it does not take one. */
bool milterd_change(const struct milterd_mta *mta, struct milterd_visit *v,
    const struct milterd_outcome *outcome);

#endif
