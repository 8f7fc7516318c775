/* maildir.h - deliver to a Maildir: written below tmp, then linked into new. */
#ifndef DELIVERY_MAILDIR_H
#define DELIVERY_MAILDIR_H

struct arena;
struct mailbox;
struct mailbox_answer;
struct stream;

/* maildir_write(m, in, arena, answer): see mailbox_write().  A message that is
 * in "new" under its name already has been delivered before.  The directories
 * are made if they are missing. */
void maildir_write(const struct mailbox *m, struct stream *in,
    struct arena *arena, struct mailbox_answer *answer);

#endif
