/* state_parts.h - what the files of the state store share; for them alone. */
#ifndef BASE_STATE_PARTS_H
#define BASE_STATE_PARTS_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { STATE_MOST_KEY = 500 };

/* Keys are "map\0key" (hashed if long) and, for rings, "ring\0" and a sequence
 * number, big-endian.  A value begins with its time of expiry, 0 for none. */
struct state {
	MDB_env *env;
	MDB_dbi maps, rings;
	char *dir;
	int lock;
	pthread_mutex_t sweeping;
	unsigned char cursor[STATE_MOST_KEY]; /* where the sweep goes on */
	size_t ncursor;
	int64_t copied;
	unsigned ends;      /* sudden ones before this use, in a row */
	_Atomic bool apart; /* see state_group.h */
};

/* state_group_begin(state, txn): a transaction for a change: the thread's group,
 * or one of its own.  0 or -1.  state_group_end(state, txn, e, changed): it
 * is made, and something is to be written, or has met LMDB's error ${e}.  0 or
 * -1. */
int state_group_begin(struct state *state, MDB_txn **txn);
int state_group_end(struct state *state, MDB_txn *txn, int e, bool changed);

#endif
