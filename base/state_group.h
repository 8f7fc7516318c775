/* state_group.h - changes of the state store that are written together. */
#ifndef BASE_STATE_GROUP_H
#define BASE_STATE_GROUP_H

struct state;

/*
 * state_group_open(state), state_group_close(state):
 * What this thread changes between the two is one transaction, which costs
 * little more than one change does.  What only reads sees what was before.
 * Close: 0, or -1: nothing was written, although the changes have succeeded.
 * After that, and if one has not succeeded (which those before it share),
 * changes stand alone until one succeeds, so that each is told what has become
 * of it.
 *
 * From the first change on others, of any process, wait with theirs.  So nothing
 * that waits for anybody may be done in between, and not too much; and no lock
 * that may be wanted there may be held elsewhere by who changes the store.
 */
void state_group_open(struct state *state);
int state_group_close(struct state *state);

#endif
