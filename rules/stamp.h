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
/* stamp_replaced(stamp, path): as stamp_changed(), for files that are put in
 * place by rename and so are whole at once. */
bool stamp_replaced(const struct stamp *stamp, const char *path);

/* stamp_fresh(path): there is one that has been written to within the last
 * second, and may be a half. */
bool stamp_fresh(const char *path);

/* How old a database is, and of which change of its text we have spoken. */
struct stamp_age {
	struct timespec built, spoken;
};

/*
 * stamp_warn_older(age, database, source):
 * Warn, once of each change, that the text ${source} is newer than what
 * ${database} was built of.  A text that was saved just now will be followed
 * by postmap: not within 100 seconds, as in Postfix.
 */
void stamp_warn_older(
    struct stamp_age *age, const char *database, const char *source);

#endif
