/* store_room.h - how much the store's file may still take.  For store.c.
 *
 * The file is allocated ahead of what LMDB writes, so that a write never meets
 * a full disk: a change is refused before, and what marks and deletes need is
 * always there. */
#ifndef QUEUE_STORE_ROOM_H
#define QUEUE_STORE_ROOM_H

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_room {
	MDB_env *env;
	int fd;             /* of the data file */
	size_t page;        /* octets */
	uint64_t limit;     /* pages that intake may fill */
	uint64_t reserve;   /* pages kept for marks and deletes */
	uint64_t allocated; /* pages that the file system has promised */
};

/* store_room_init(room, env, limit, reserve): ${limit}, ${reserve} in octets. */
void store_room_init(
    struct store_room *room, MDB_env *env, uint64_t limit, uint64_t reserve);

/* store_room_for(room, pages): a change of so many pages leaves the reserve
 * alone.  Between transactions only. */
bool store_room_for(struct store_room *room, uint64_t pages);

/* store_room_refill(room): after space was short: try to have the reserve
 * allocated.  False: not whole yet. */
bool store_room_refill(struct store_room *room);

#endif
