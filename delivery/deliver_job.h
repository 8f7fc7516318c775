/* deliver_job.h - what a worker does with one job of the queue. */
#ifndef DELIVERY_DELIVER_JOB_H
#define DELIVERY_DELIVER_JOB_H

#include <stdbool.h>

struct arena;
struct buf;
struct delivery_env;
struct job;
struct transcript_notice;
struct transport;

/* deliver_job_run(env, transport, job, arena, out): run the agent of
 * ${transport} (NULL: there is none; the mail is deferred) and append the
 * JOB_RESULT frame.  Blocks as long as the agent does.  Returns notices for the
 * postmaster, which the caller sends; NULL: none. */
struct transcript_notice *
deliver_job_run(const struct delivery_env *env, struct transport *transport,
    const struct job *job, struct arena *arena, struct buf *out);

/* deliver_job_route(env, job, arena, out): resolve the recipients again and
 * append the JOB_ROUTED frame.  Blocks as long as look-ups do. */
void deliver_job_route(const struct delivery_env *env, const struct job *job,
    struct arena *arena, struct buf *out);

/* deliver_job_return(job, route, arena, out): the answer to a job that was not
 * begun. */
void deliver_job_return(
    const struct job *job, bool route, struct arena *arena, struct buf *out);

#endif
