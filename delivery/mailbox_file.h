/* mailbox_file.h - what Maildir and mailbox files have in common: safe ways
 * through directories, copying a message, errors as statuses. */
#ifndef DELIVERY_MAILBOX_FILE_H
#define DELIVERY_MAILBOX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct mailbox;
struct mailbox_answer;
struct stream;

/*
 * mailbox_file_directory(base, path, make):
 * Walk from directory ${base} down ${path} without following a link, and make
 * what is missing (mode 0700, durably) if ${make}.  A descriptor, or an errno
 * value made negative.  An empty ${path} is ${base} itself.
 */
int mailbox_file_directory(const char *base, const char *path, bool make);

/* mailbox_file_sync(dir): what was renamed or linked in directory ${dir} stays.
 * 0, or an errno value. */
int mailbox_file_sync(int dir);

/* mailbox_file_copy(m, in, fd, quote, most): write m->head and the message from
 * ${in} to ${fd} with LF line ends, ">" before "From " if ${quote}, and a last
 * LF if it has none.  At most ${most} octets (EFBIG).  0, or an errno value
 * (EPIPE: the message broke off). */
int mailbox_file_copy(const struct mailbox *m, struct stream *in, int fd,
    bool quote, uint64_t most);

/* mailbox_file_failed(answer, arena, error, format, ...): the answer for errno
 * ${error}; the text is the format and the error's. */
void mailbox_file_failed(struct mailbox_answer *answer, struct arena *arena,
    int error, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
