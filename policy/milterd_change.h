/* milterd_change.h - what was decided about a message, told to its MTA. */
#ifndef POLICY_MILTERD_CHANGE_H
#define POLICY_MILTERD_CHANGE_H

#include <stdbool.h>

struct milterd_outcome;
struct milterd_visit;
struct smfi_str;

/* milterd_change(ctx, v, outcome, blanks): tell the MTA, by ${ctx} of libmilter, of
 * all changes of the message of ${v}; ${blanks}: values of headers have the
 * blank behind the colon.  False, and logged: it does not take one. */
bool milterd_change(struct smfi_str *ctx, struct milterd_visit *v,
    const struct milterd_outcome *outcome, bool blanks);

#endif
