/* store_apply.h - one change, within a transaction.  For store.c. */
#ifndef QUEUE_STORE_APPLY_H
#define QUEUE_STORE_APPLY_H

#include <lmdb.h>
#include <stddef.h>

struct store_layout;
struct store_op;

/* store_apply(txn, layout, op): make the change ${op} (and those with it) and
 * set its result.  Not 0: LMDB's code, the transaction must be aborted. */
int store_apply(
    MDB_txn *txn, const struct store_layout *layout, struct store_op *op);

/* store_apply_pages(op): pages that ${op} (and those with it) takes at most. */
size_t store_apply_pages(const struct store_op *op);

#endif
