/* policy_judge.h - the answer to one request of the policy protocol. */
#ifndef POLICY_POLICY_JUDGE_H
#define POLICY_POLICY_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct buf;
struct event_by;
struct policy_door;
struct policy_request;
struct policy_shared;

/* A request, and whom it is asked of. */
struct policy_judge {
	const struct policy_door *door;
	const struct policy_shared *shared;
	const struct policy_request *request;
	const char *data;          /* its text */
	const struct event_by *by; /* who logs */
	const char *asker;         /* as logged */
	struct arena *arena;       /* for what an evaluation allocates */
};

/*
 * policy_judge(j, may_block, out, pause):
 * Append the answer to ${out}, which is to be held back for *pause
 * nanoseconds; log and keep what was decided.  False: it may block and must
 * not (unless ${may_block}); there is no answer then.
 */
bool policy_judge(const struct policy_judge *j, bool may_block, struct buf *out,
    int64_t *pause);

#endif
