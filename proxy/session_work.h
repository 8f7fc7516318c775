/* session_work.h - the way of a session to a worker and back. */
#ifndef PROXY_SESSION_WORK_H
#define PROXY_SESSION_WORK_H

#include <stdbool.h>

struct session;

/*
 * session_work_run(s, blocks, job):
 * Run ${job} on the session: at once, or, if it ${blocks}, by a worker as soon
 * as the service has a place for one, with the loop going on (hall->drive) when
 * the session is back.  Until then s->away, and the loop must not touch it.
 */
void session_work_run(
    struct session *s, bool blocks, void (*job)(struct session *s));

/* session_work_apart(s, job): by a worker at once, whatever the service has under
 * way: the caller has a ceiling of its own. */
void session_work_apart(struct session *s, void (*job)(struct session *s));

#endif
