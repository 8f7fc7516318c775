/* deliver_task.h - jobs between the queue's frames and the workers. */
#ifndef DELIVERY_DELIVER_TASK_H
#define DELIVERY_DELIVER_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct delivery_env;
struct frame;
struct transcript_notice;
struct transports;

/* The jobs of this process: those of a transport run side by side up to its
 * limit, the others wait in order. */
struct deliver_tasks;

/*
 * deliver_task_open(env, transports, most, ready, arg):
 * ${most}: deliveries at once.  ${ready} is called, from any thread, when
 * deliver_task_take() has something to give that it had not before.
 */
struct deliver_tasks *deliver_task_open(const struct delivery_env *env,
    const struct transports *transports, size_t most, void (*ready)(void *arg),
    void *arg);

/* deliver_task_add(all, frame): begin JOB_DELIVER or JOB_ROUTE.  False: the
 * frame is neither, or malformed. */
bool deliver_task_add(struct deliver_tasks *all, const struct frame *frame);

/* deliver_task_take(all, out, notices): append the frames of what has been done;
 * ${notices}: what the postmaster is told of it, which the caller sends; NULL:
 * nothing.  Returns how many jobs run. */
size_t deliver_task_take(struct deliver_tasks *all, struct buf *out,
    struct transcript_notice **notices);

/* deliver_task_forget(all): the queue has gone: what waits is dropped, and
 * the answers of what runs will be, for nobody knows their numbers. */
void deliver_task_forget(struct deliver_tasks *all);

/* deliver_task_hold(all): begin nothing any more, whatever comes.
 * deliver_task_return(all): answer that what waits was not tried. */
void deliver_task_hold(struct deliver_tasks *all);
void deliver_task_return(struct deliver_tasks *all);

/* deliver_task_idle(all, now): give up idle connections; true: ask again. */
bool deliver_task_idle(struct deliver_tasks *all, int64_t now);

/* deliver_task_close(all): after the last task has ended. */
void deliver_task_close(struct deliver_tasks *all);

#endif
