/* policy_leftover.h - actions that had no room in an answer wait for the next
 * request about the same message. */
#ifndef POLICY_POLICY_LEFTOVER_H
#define POLICY_POLICY_LEFTOVER_H

#include <stdbool.h>

struct arena;
struct policy_leftovers;

/* policy_leftover_new(): none yet.  Any thread may use it. */
struct policy_leftovers *policy_leftover_new(void);
/* What still waits is logged, as is what has waited too long. */
void policy_leftover_free(struct policy_leftovers *all);

/*
 * policy_leftover_put(all, instance, action):
 * Keep ${action} for the message ${instance}, for some minutes, unless the same
 * waits already.  False: there is no room, or the message has no name (NULL).
 */
bool policy_leftover_put(
    struct policy_leftovers *all, const char *instance, const char *action);

/* policy_leftover_take(all, arena, instance, headers): the oldest one of that
 * message, which then waits no more, in ${arena}; or NULL.  Without ${headers}
 * those that PREPEND one stay. */
const char *policy_leftover_take(struct policy_leftovers *all,
    struct arena *arena, const char *instance, bool headers);

#endif
