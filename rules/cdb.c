/* cdb.c - see cdb.h.
 *
 * The file is read, not mapped: a file that somebody cuts short while it is in
 * use must be an error, not a signal. */
#include "rules/cdb.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"

enum {
	PAIR = 8, /* octets of two numbers: a slot, a head of a record */
	HEAD = CDB_TABLES * PAIR,
	AT_ONCE = 16,       /* slots */
	MOST_SIZE = 1 << 24 /* of a key or value */
};

struct cdb_slot {
	uint32_t hash, at; /* at 0: empty */
};

static uint32_t
number(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static void
put_number(unsigned char *p, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> (8 * i));
}

static uint32_t
hash_of(const char *key, size_t n)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < n; i++)
		h = ((h << 5) + h) ^ (unsigned char)key[i];
	return h;
}

/* Read ${n} octets from ${at}: 0, or an errno. */
static int
read_at(const struct cdb *cdb, void *data, size_t n, uint64_t at)
{
	unsigned char *p = data;
	ssize_t r;

	while (n > 0) {
		r = pread(cdb->fd, p, n, (off_t)at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? errno : EPROTO;
		p += r;
		n -= (size_t)r;
		at += (uint64_t)r;
	}
	return 0;
}

int
cdb_open(struct cdb *cdb, int fd)
{
	unsigned char head[HEAD];
	int error;

	cdb->fd = fd;
	error = read_at(cdb, head, sizeof head, 0);
	if (error != 0)
		return error;
	for (size_t i = 0; i < CDB_TABLES; i++) {
		cdb->parts[i].at = number(head + i * PAIR);
		cdb->parts[i].slots = number(head + i * PAIR + 4);
		if (cdb->parts[i].at < HEAD)
			return EPROTO;
	}
	cdb->records_end = cdb->parts[0].at;
	return 0;
}

/* Key and value have a NUL behind them; both are NULL if the key has not the
 * length that was wanted. */
struct record {
	char *key, *value;
	uint32_t key_size, value_size;
};

/* *wanted: the length of the key; NULL: any. */
static int
read_record(const struct cdb *cdb, struct arena *arena, uint32_t at,
    const size_t *wanted, struct record *record)
{
	unsigned char head[PAIR];
	int error = read_at(cdb, head, sizeof head, at);

	*record = (struct record){ NULL, NULL, number(head), number(head + 4) };
	if (error != 0)
		return error;
	if (wanted != NULL && record->key_size != *wanted)
		return 0;
	if (record->key_size > MOST_SIZE || record->value_size > MOST_SIZE)
		return EPROTO;
	record->key = arena_alloc(arena, (size_t)record->key_size + 1);
	record->value = arena_alloc(arena, (size_t)record->value_size + 1);
	error = read_at(
	    cdb, record->key, record->key_size, (uint64_t)at + sizeof head);
	if (error == 0)
		error = read_at(cdb, record->value, record->value_size,
		    (uint64_t)at + sizeof head + record->key_size);
	record->key[record->key_size] = '\0';
	record->value[record->value_size] = '\0';
	return error;
}

/* What is looked for, and what was found. */
struct search {
	const struct cdb *cdb;
	struct arena *arena;
	const char *key;
	size_t n;
	uint32_t hash;
	const char *value;
	bool ended; /* found, or it is not there */
};

/* Look at the slots first to first + count - 1. */
static int
search_slots(struct search *s, const struct cdb_part *part, uint32_t first,
    uint32_t count)
{
	unsigned char slots[AT_ONCE * PAIR];
	struct record record;
	int error = read_at(s->cdb, slots, (size_t)count * PAIR,
	    part->at + (uint64_t)first * PAIR);

	for (uint32_t i = 0; error == 0 && !s->ended && i < count; i++) {
		uint32_t at = number(slots + (size_t)i * PAIR + 4);

		if (at == 0)
			s->ended = true;
		if (at == 0 || number(slots + (size_t)i * PAIR) != s->hash)
			continue;
		error = read_record(s->cdb, s->arena, at, &s->n, &record);
		if (error == 0 && record.key != NULL &&
		    memcmp(record.key, s->key, s->n) == 0) {
			s->value = record.value;
			s->ended = true;
		}
	}
	return error;
}

int
cdb_find(const struct cdb *cdb, struct arena *arena, const char *key, size_t n,
    const char **value)
{
	struct search s = { cdb, arena, key, n, hash_of(key, n), NULL, false };
	const struct cdb_part *part = &cdb->parts[s.hash % CDB_TABLES];
	uint32_t at, left, count;
	int error = 0;

	at = part->slots > 0 ? (s.hash / CDB_TABLES) % part->slots : 0;
	for (left = part->slots; error == 0 && left > 0 && !s.ended;
	     left -= count) {
		count = left < AT_ONCE ? left : AT_ONCE;
		if (count > part->slots - at)
			count = part->slots - at;
		error = search_slots(&s, part, at, count);
		at = (at + count) % part->slots;
	}
	*value = s.value;
	return error;
}

int
cdb_each(const struct cdb *cdb,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg)
{
	struct arena *arena = arena_new();
	uint64_t at = HEAD;
	struct record record;
	int error = 0;

	while (error == 0 && at < cdb->records_end) {
		error = read_record(cdb, arena, (uint32_t)at, NULL, &record);
		at += (uint64_t)PAIR + record.key_size + record.value_size;
		if (error == 0 && at > cdb->records_end)
			error = EPROTO;
		if (error == 0)
			fn(arg, record.key, record.value, 0);
		arena_reset(arena);
	}
	arena_free(arena);
	return error;
}

static void
put_pair(struct buf *out, uint32_t first, uint32_t second)
{
	unsigned char pair[PAIR];

	put_number(pair, first);
	put_number(pair + 4, second);
	buf_put(out, pair, sizeof pair);
}

/* Room for the head, which cdb_finish() fills in. */
static void
put_head(struct buf *out)
{
	while (out->len < HEAD)
		put_pair(out, 0, 0);
}

void
cdb_add(struct cdb_draft *draft, const char *key, const char *value)
{
	size_t n = strlen(key);

	put_head(draft->octets);
	if (draft->count == draft->room) {
		draft->room = draft->room > 0 ? 2 * draft->room : CDB_TABLES;
		draft->slots =
		    realloc(draft->slots, draft->room * sizeof draft->slots[0]);
		if (draft->slots == NULL)
			fatal("out of memory");
	}
	draft->slots[draft->count++] =
	    (struct cdb_slot){ hash_of(key, n), (uint32_t)draft->octets->len };
	put_pair(draft->octets, (uint32_t)n, (uint32_t)strlen(value));
	buf_put(draft->octets, key, n);
	buf_puts(draft->octets, value);
}

/* The records by their tables, in the order in which they came. */
static struct cdb_slot *
by_table(const struct cdb_draft *draft, size_t first[CDB_TABLES + 1])
{
	struct cdb_slot *sorted =
	    calloc(draft->count + 1, sizeof draft->slots[0]);
	size_t next[CDB_TABLES], table;

	if (sorted == NULL)
		fatal("out of memory");
	memset(first, 0, (CDB_TABLES + 1) * sizeof first[0]);
	for (size_t i = 0; i < draft->count; i++)
		first[draft->slots[i].hash % CDB_TABLES + 1]++;
	for (table = 0; table < CDB_TABLES; table++) {
		first[table + 1] += first[table];
		next[table] = first[table];
	}
	for (size_t i = 0; i < draft->count; i++) {
		table = draft->slots[i].hash % CDB_TABLES;
		sorted[next[table]++] = draft->slots[i];
	}
	return sorted;
}

/* Append the table of ${n} records, which is half empty. */
static void
put_table(struct buf *out, const struct cdb_slot *records, size_t n)
{
	struct cdb_slot *table = calloc(2 * n + 1, sizeof *table);
	size_t at;

	if (table == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		at = records[i].hash / CDB_TABLES % (2 * n);
		while (table[at].at != 0)
			at = (at + 1) % (2 * n);
		table[at] = records[i];
	}
	for (size_t i = 0; i < 2 * n; i++)
		put_pair(out, table[i].hash, table[i].at);
	free(table);
}

int
cdb_finish(struct cdb_draft *draft)
{
	size_t first[CDB_TABLES + 1], n, part;
	struct cdb_slot *sorted = by_table(draft, first);
	struct buf *out = draft->octets;
	unsigned char *head;
	int error = 0;

	put_head(out);
	if (out->len + draft->count * 2 * PAIR > UINT32_MAX)
		error = EFBIG;
	for (part = 0; error == 0 && part < CDB_TABLES; part++) {
		n = first[part + 1] - first[part];
		head = (unsigned char *)out->data + part * PAIR;
		put_number(head, (uint32_t)out->len);
		put_number(head + 4, (uint32_t)(2 * n));
		put_table(out, sorted + first[part], n);
	}
	free(sorted);
	free(draft->slots);
	draft->slots = NULL;
	draft->count = draft->room = 0;
	return error;
}
