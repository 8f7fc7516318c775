/* index.h - an immutable file of key, value and line number.
 *
 * Our own form of Postfix's hash:, btree: and dbm: files.  It is written whole
 * and put in place by rename, so that a reader sees the old or the new one.
 * Readers use pread(), not a mapping: a file that is cut short or overwritten
 * in place under their hands is an error, not a signal.  Each bucket and each
 * record has a checksum that covers the identity of its file too, so that a
 * look-up answers what was written or TABLE_FAILED, whatever happens to the
 * file.  The buckets of a file that has not too many are read when it is opened,
 * and kept.
 *
 *	header	  64 octets: magic, version, octet order, size of the file,
 *		  records, buckets, identity, checksum
 *	buckets	  64 octets each: checksum, seven slots of 24 bits of the
 *		  key's hash and 40 bits of offset
 *	records	  checksum, lengths of key and value, line, key, value */
#ifndef RULES_INDEX_H
#define RULES_INDEX_H

#include <stddef.h>
#include <sys/stat.h>

#include "rules/table.h"

struct arena;
struct err;
struct index;

/* index_open(path, err): NULL and the reason: it cannot be opened, or is not a
 * whole index.  The status of the open file goes to *st, if not NULL. */
struct index *index_open(const char *path, struct stat *st, struct err *err);
/* index_memory(data, len, err): the same for octets in memory, which are
 * copied. */
struct index *index_memory(const void *data, size_t len, struct err *err);
void index_close(struct index *index);

/*
 * index_find(index, arena, key, value):
 * Look up ${key} as it is; text and line of what is found go to ${value}, in
 * ${arena}.  TABLE_FAILED: the file is damaged, value->text says how.  Any
 * thread.
 */
enum table_status index_find(const struct index *index, struct arena *arena,
    const char *key, struct table_value *value);

/* index_each(index, fn, arg, err): call ${fn} for every record, in the order
 * in which they were added.  -1: the file is damaged. */
int index_each(const struct index *index,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err);

#endif
