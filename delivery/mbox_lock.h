/* mbox_lock.h - the three ways in which programs keep each other away from a
 * mailbox file. */
#ifndef DELIVERY_MBOX_LOCK_H
#define DELIVERY_MBOX_LOCK_H

struct mailbox;

/* mbox_lock_file(m, fd): flock and fcntl locks, as m->locks says, with
 * m->attempts attempts; they end with the descriptor.  0, or an errno value. */
int mbox_lock_file(const struct mailbox *m, int fd);

/* mbox_lock_dot(m, dir, name), mbox_lock_undot(): make "${name}.lock" in
 * directory ${dir} if m->locks says so, removing a stale one.  0, or an
 * errno value. */
int mbox_lock_dot(const struct mailbox *m, int dir, const char *name);
void mbox_lock_undot(const struct mailbox *m, int dir, const char *name);

#endif
