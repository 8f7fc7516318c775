/* reader_lock.h - the lock by which Postfix on this system keeps those who
 * read a database file from those who write into it. */
#ifndef RULES_READER_LOCK_H
#define RULES_READER_LOCK_H

#include <stdbool.h>

enum reader_lock_style {
	READER_LOCK_FCNTL, /* of .lmdb files: fcntl(2), of the whole file */
	READER_LOCK_FLOCK, /* of .db files: flock(2) */
};

/*
 * reader_lock_take(fd, style):
 * Lock the open file ${fd}, shared.  Waits up to five seconds for a writer;
 * false: it does not end.  The lock is this open file's, so that closing
 * another descriptor of the same file leaves it alone.
 */
bool reader_lock_take(int fd, enum reader_lock_style style);
void reader_lock_drop(int fd, enum reader_lock_style style);

#endif
