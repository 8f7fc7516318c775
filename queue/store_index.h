/* store_index.h - do the store's tables know the same messages?  For store.c.
 *
 * A key that is another one, but stands in order, is none that store_pages.h can
 * tell; its message would be missed without a word. */
#ifndef QUEUE_STORE_INDEX_H
#define QUEUE_STORE_INDEX_H

#include <lmdb.h>
#include <stddef.h>

struct store_layout;

/* store_index_check(txn, layout, wrong): warn of each message that has no place
 * in the schedule or no queue id, and of each place and queue id that has no
 * message (of the first twenty, then of how many more).  Changes nothing; *wrong: how many.
 * Reads keys and marks, no messages.  LMDB's code. */
int store_index_check(
    MDB_txn *txn, const struct store_layout *layout, size_t *wrong);

#endif
