/* policy_desk.h - what takes no more than a moment, but is not for a loop: one
 * worker of a hall does it, one thing after the other, and what that leaves in
 * the state store is written together.  A thread for each of them would cost
 * more than they do. */
#ifndef POLICY_POLICY_DESK_H
#define POLICY_POLICY_DESK_H

struct arena;
struct loop;
struct policy_desk;
struct state;
struct workers;

/* Something to do; lives in its owner, who leaves it alone until it is back. */
struct policy_desk_item {
	struct policy_desk_item *next;
	/* In the worker; waits for nobody.  ${arena} is for this call. */
	void (*run)(struct policy_desk_item *item, struct arena *arena);
	/* Then, on the loop's thread. */
	void (*back)(struct policy_desk_item *item);
};

/* policy_desk_new(loop, workers, state): ${loop} and ${workers} must outlive it.
 * policy_desk_free(desk): all items are back. */
struct policy_desk *policy_desk_new(
    struct loop *loop, struct workers *workers, struct state *state);
void policy_desk_free(struct policy_desk *desk);

/* policy_desk_give(desk, item): have it done; on the loop's thread. */
void policy_desk_give(struct policy_desk *desk, struct policy_desk_item *item);

#endif
