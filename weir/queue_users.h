/* queue_users.h - authorized_mailq_users and authorized_flush_users, as the queue
 * role gets them: in numbers, as of the time when the configuration was read. */
#ifndef WEIR_QUEUE_USERS_H
#define WEIR_QUEUE_USERS_H

struct buf;
struct conf;
struct err;

/*
 * queue_users_print(conf, name, out, err):
 * Append what parameter ${name} says of each user of this machine, in the form of
 * queue/user_list.h.  A user of whom it cannot be said may not; why is in
 * ${err}, as mistakes are.
 */
void queue_users_print(
    struct conf *conf, const char *name, struct buf *out, struct err *err);

#endif
