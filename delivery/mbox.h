/* mbox.h - deliver to a mailbox file: locked, appended to, cut back if that
 * fails. */
#ifndef DELIVERY_MBOX_H
#define DELIVERY_MBOX_H

struct arena;
struct mailbox;
struct mailbox_answer;
struct stream;

/* mbox_write(m, in, arena, answer): see mailbox_write().  Symbolic links,
 * files with several names, and what is no regular file are refused. */
void mbox_write(const struct mailbox *m, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer);

#endif
