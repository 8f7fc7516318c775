/* store_layout.h - the tables and keys of the store's LMDB environment.  For
 * store.c and store_reader.c only. */
#ifndef QUEUE_STORE_LAYOUT_H
#define QUEUE_STORE_LAYOUT_H

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct store_place;

/* The tables.  A key is eight octets in native order where LMDB compares
 * numbers, big-endian where it compares octets. */
struct store_layout {
	MDB_dbi message; /* key -> record */
	MDB_dbi mark;    /* key -> mark; none: unchanged and incoming */
	MDB_dbi chunk;   /* key, number (octets) -> data, seal */
	MDB_dbi partial; /* key -> nothing: chunks without a record yet */
	MDB_dbi qid;     /* queue id -> key */
	MDB_dbi place;   /* class, when, key (octets) -> nothing */
	MDB_dbi meta;    /* "next" -> the first unused key */
};

enum {
	STORE_LAYOUT_CHUNK = 12, /* the length of a chunk's key */
	STORE_LAYOUT_PLACE = 17,
	STORE_LAYOUT_SEAL = 8,
	STORE_LAYOUT_READERS = 510,
};

/* store_layout_env(writer): an environment with our limits set, not opened. */
MDB_env *store_layout_env(struct err *err);

/* store_layout_open(txn, create, layout): open all tables; LMDB's code. */
int store_layout_open(MDB_txn *txn, bool create, struct store_layout *layout);

void store_layout_chunk(
    uint64_t key, uint64_t number, unsigned char octets[STORE_LAYOUT_CHUNK]);
void store_layout_place(
    const struct store_place *place, unsigned char octets[STORE_LAYOUT_PLACE]);

/*
 * store_layout_where(txn, layout, key, place):
 * Where message ${key} is in the schedule: its mark says so; without one it is
 * incoming, or on hold if it came so.  Corrupt if the mark is damaged.
 * Returns LMDB's code.
 */
int store_layout_where(MDB_txn *txn, const struct store_layout *layout,
    uint64_t key, struct store_place *place);

/* store_layout_place_get(octets, n, place): false: not a place. */
bool
store_layout_place_get(const void *octets, size_t n, struct store_place *place);

#endif
