/* group.h - group commits: a thread that makes changes durable, at once when
 * it is idle, and all that gathered while it was busy in one go. */
#ifndef QUEUE_GROUP_H
#define QUEUE_GROUP_H

#include <stddef.h>

struct group;
struct loop;
struct store;
struct store_op;

/*
 * group_new(loop, store, broken, arg):
 * Start the writer thread of ${store}.  ${broken} is called on the loop's
 * thread when the disk has failed: the process should end, and nothing that
 * was not answered is to be answered.
 */
struct group *group_new(struct loop *loop, struct store *store,
    void (*broken)(void *arg, const char *why), void *arg);

/* group_free(group): make durable what was added, call its done(), end the
 * thread.  On the loop's thread, while the loop does not run. */
void group_free(struct group *group);

/* group_add(group, op): have ${op} (its head; what goes with it comes along)
 * made durable in the order of adding, then call op->done() on the loop's
 * thread, which may free it.  Not from another thread. */
void group_add(struct group *group, struct store_op *op);

/* group_waiting(group): octets of data in changes that are not done yet. */
size_t group_waiting(const struct group *group);

#endif
