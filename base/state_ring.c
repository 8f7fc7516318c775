/* state_ring.c - see state_ring.h. */
#include "base/state_ring.h"

#include <stdint.h>
#include <string.h>

#include "base/fatal.h"
#include "base/state_group.h"
#include "base/state_parts.h"

/* A ring's key: its name, NUL, the number with the high octet first. */
static MDB_val
ring_key(unsigned char space[STATE_MOST_KEY], const char *ring, uint64_t number)
{
	size_t n = strlen(ring) + 1;

	must(n < 64);
	memcpy(space, ring, n);
	for (size_t i = 0; i < 8; i++)
		space[n + i] = (unsigned char)(number >> (56 - 8 * i));
	return (MDB_val){ n + 8, space };
}

/* The cursor's number, if it stands in ${ring}. */
static bool
ring_number(const MDB_val *key, const char *ring, uint64_t *number)
{
	size_t n = strlen(ring) + 1;
	const unsigned char *p = key->mv_data;

	if (key->mv_size != n + 8 || memcmp(p, ring, n) != 0)
		return false;
	*number = 0;
	for (size_t i = 0; i < 8; i++)
		*number = *number << 8 | p[n + i];
	return true;
}

/* Stand on the newest record; false: the ring is empty. */
static bool
ring_last(MDB_cursor *cursor, const char *ring, MDB_val *key, MDB_val *value,
    uint64_t *number)
{
	unsigned char space[STATE_MOST_KEY];
	int e;

	*key = ring_key(space, ring, UINT64_MAX);
	e = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
	e = mdb_cursor_get(
	    cursor, key, value, e == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
	return e == 0 && ring_number(key, ring, number);
}

/* Append, and drop what is older than the newest ${most}. */
static int
ring_append(MDB_txn *txn, struct state *s, const char *ring,
    const struct state_item *items, size_t count, uint64_t most)
{
	unsigned char space[STATE_MOST_KEY];
	MDB_cursor *cursor;
	MDB_val k, v;
	uint64_t last = 0, oldest;
	int e = mdb_cursor_open(txn, s->rings, &cursor);

	if (e != 0)
		return e;
	(void)ring_last(cursor, ring, &k, &v, &last);
	for (size_t i = 0; e == 0 && i < count; i++) {
		k = ring_key(space, ring, ++last);
		v = (MDB_val){ items[i].n, NULL };
		e = mdb_put(txn, s->rings, &k, &v, MDB_RESERVE);
		if (e == 0)
			memcpy(v.mv_data, items[i].data, items[i].n);
	}
	k = ring_key(space, ring, 0);
	while (e == 0 && last > most &&
	    mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE) == 0 &&
	    ring_number(&k, ring, &oldest) && oldest <= last - most) {
		e = mdb_cursor_del(cursor, 0);
		k = ring_key(space, ring, 0);
	}
	mdb_cursor_close(cursor);
	return e;
}

int
state_ring_put(struct state *s, const char *ring,
    const struct state_item *items, size_t count, uint64_t most)
{
	MDB_txn *txn;

	return state_group_begin(s, &txn) == 0
	    ? state_group_end(
		  s, txn, ring_append(txn, s, ring, items, count, most), true)
	    : -1;
}

int
state_ring_each(struct state *s, const char *ring,
    bool (*fn)(void *arg, const char *data, size_t n), void *arg)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	MDB_txn *txn;
	uint64_t number;
	bool more;

	if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
		return -1;
	if (mdb_cursor_open(txn, s->rings, &cursor) != 0) {
		mdb_txn_abort(txn);
		return -1;
	}
	more = ring_last(cursor, ring, &k, &v, &number);
	while (more)
		more = fn(arg, v.mv_data, v.mv_size) &&
		    mdb_cursor_get(cursor, &k, &v, MDB_PREV) == 0 &&
		    ring_number(&k, ring, &number);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return 0;
}
