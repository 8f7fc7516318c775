/* mail_source.h - messages in files, mailboxes and maildirs, one after the
 * other. */
#ifndef WEIR_MAIL_SOURCE_H
#define WEIR_MAIL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct mail_source;

/*
 * mail_source_open(paths, n, err):
 * A file whose first line begins with "From " is a mailbox (mbox); a directory
 * is a maildir if it has cur or new in it, or else each file in it is a message,
 * but for those whose names begin with a dot; "-" is standard input.  NULL and
 * the reason: one of them cannot be looked at.
 */
struct mail_source *mail_source_open(char **paths, size_t n, struct err *err);
void mail_source_close(struct mail_source *source);

enum mail_source_result {
	MAIL_SOURCE_MESSAGE,
	MAIL_SOURCE_END,
	MAIL_SOURCE_FAILED
};

/* mail_source_next(source, err): go on to the next message, whatever is left of
 * this one.  MAIL_SOURCE_FAILED: one file could not be read (the reason is in
 * ${err}); others may follow. */
enum mail_source_result
mail_source_next(struct mail_source *source, struct err *err);

/* mail_source_name(source): of the message: its file, with ":LINE" in a
 * mailbox; until the next one. */
const char *mail_source_name(const struct mail_source *source);

/* mail_source_read(source, n): the next octets of the message, a line with its
 * end or a part of a long one; NULL: that was all.  They stay until the next
 * call. */
const char *mail_source_read(struct mail_source *source, size_t *n);

/* mail_source_many(source): there is, or was, more than one message, or a place
 * for more.  mail_source_done(source): how much has been read, in per cent. */
bool mail_source_many(const struct mail_source *source);
unsigned mail_source_done(const struct mail_source *source);

#endif
