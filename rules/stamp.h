/* stamp.h - has a file been replaced or rewritten? */
#ifndef RULES_STAMP_H
#define RULES_STAMP_H

#include <stdbool.h>
#include <sys/stat.h>

/* Which file it was, and how it was when it was read.  Zero: there was none. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

/* stamp_of(st): from the file's status. */
struct stamp stamp_of(const struct stat *st);

/* stamp_take(path): of the file now at ${path}. */
struct stamp stamp_take(const char *path);

/*
 * stamp_changed(stamp, path):
 * The file at ${path} is another one than ${stamp} was taken of, or has been
 * written to and not within the last second: half of what an editor has saved
 * is nothing to be read.  False if there is none.
 */
bool stamp_changed(const struct stamp *stamp, const char *path);

#endif
