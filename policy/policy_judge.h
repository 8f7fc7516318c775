/* policy_judge.h - the answer to one request of the policy protocol. */
#ifndef POLICY_POLICY_JUDGE_H
#define POLICY_POLICY_JUDGE_H

#include <stdint.h>

#include "classes/wait.h"

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
 * policy_judge(j, may, out, pause):
 * Append the answer to ${out}, which is to be held back for *pause
 * nanoseconds; log and keep what was decided: WAIT_NONE.  Otherwise there is
 * none yet, because it may have to wait for what is returned, which is more
 * than ${may}.
 */
enum wait policy_judge(const struct policy_judge *j, enum wait may,
    struct buf *out, int64_t *pause);

#endif
