/* cdb.h - the files of constant databases (.cdb): 256 tables of positions, by
 * the hash of the key, behind the records. */
#ifndef RULES_CDB_H
#define RULES_CDB_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum { CDB_TABLES = 256 };

/* One of the tables. */
struct cdb_part {
	uint32_t at, slots; /* octets from the beginning; eight for a slot */
};

struct cdb {
	int fd;
	uint32_t records_end;
	struct cdb_part parts[CDB_TABLES];
};

/* All that read: 0, or an errno; EPROTO: it is not such a file, or damaged. */

/* cdb_open(cdb, fd): read how the file is made; ${fd} remains the caller's. */
int cdb_open(struct cdb *cdb, int fd);

/* cdb_find(cdb, arena, key, n, value): the first value of the ${n} octets of
 * ${key}, as far as there is no NUL in it; NULL: there is none.  Any thread;
 * every position is checked against the file. */
int cdb_find(const struct cdb *cdb, struct arena *arena, const char *key,
    size_t n, const char **value);

/* cdb_each(cdb, fn, arg): call ${fn} for each record, in order. */
int cdb_each(const struct cdb *cdb,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg);

/* A file in the making, in memory.  Zero-initialise it but for ${octets}, an
 * empty buffer, which gets all that is to be written. */
struct cdb_draft {
	struct buf *octets;
	struct cdb_slot *slots;
	size_t count, room;
};

/* cdb_add(draft, key, value): append a record.
 * cdb_finish(draft): append the tables, and release all but the octets; 0, or
 * EFBIG: positions have 32 bits. */
void cdb_add(struct cdb_draft *draft, const char *key, const char *value);
int cdb_finish(struct cdb_draft *draft);

#endif
