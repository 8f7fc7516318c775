/* lmdb_file.h - reading an LMDB file that others write.
 *
 * liblmdb believes whatever it finds in a file: one that is damaged, or that
 * somebody overwrites or cuts short while it is mapped, ends the process.  Here
 * the file is read, not mapped, and every number in it is checked.  The caller
 * keeps writers away (reader_lock.h). */
#ifndef RULES_LMDB_FILE_H
#define RULES_LMDB_FILE_H

#include <stddef.h>
#include <stdint.h>

struct arena;

struct lmdb_file {
	int fd; /* the caller's */
	size_t page;
	uint64_t root, last; /* pages; root UINT64_MAX: empty */
};

/* All return NULL, or the reason why not. */

/* lmdb_file_open(file, fd): find the content as it is now; to be done again
 * after the lock has been given back. */
const char *lmdb_file_open(struct lmdb_file *file, int fd);

/* lmdb_file_find(file, arena, key, n, value): the value of the ${n} octets of
 * ${key}, as far as there is no NUL in it; NULL: there is none. */
const char *lmdb_file_find(const struct lmdb_file *file, struct arena *arena,
    const char *key, size_t n, const char **value);

/* lmdb_file_each(file, fn, arg): call ${fn} for each pair, in the order of
 * keys. */
const char *lmdb_file_each(const struct lmdb_file *file,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg);

#endif
