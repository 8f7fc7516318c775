/* state_group.c - see state_group.h. */
#include "base/state_group.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/fatal.h"
#include "base/state_parts.h"

/* This thread's. */
static _Thread_local struct {
	struct state *state; /* NULL: there is none */
	MDB_txn *txn;        /* NULL: nothing has been changed yet */
} group;

void
state_group_open(struct state *s)
{
	must(group.state == NULL);
	if (!atomic_load(&s->apart))
		group.state = s;
}

int
state_group_close(struct state *s)
{
	MDB_txn *txn = group.txn;

	group.state = NULL;
	group.txn = NULL;
	if (txn == NULL || mdb_txn_commit(txn) == 0)
		return 0;
	atomic_store(&s->apart, true);
	return -1;
}

int
state_group_begin(struct state *s, MDB_txn **txn)
{
	int e;

	if (group.state == s && group.txn != NULL) {
		*txn = group.txn;
		return 0;
	}
	e = mdb_txn_begin(s->env, NULL, 0, txn);
	if (e == 0 && group.state == s)
		group.txn = *txn;
	return e == 0 ? 0 : -1;
}

/* The group has come to its end, and nothing of it is written. */
static int
give_up(struct state *s)
{
	mdb_txn_abort(group.txn);
	group.state = NULL;
	group.txn = NULL;
	atomic_store(&s->apart, true);
	return -1;
}

int
state_group_end(struct state *s, MDB_txn *txn, int e, bool changed)
{
	if (txn == group.txn)
		return e == 0 ? 0 : give_up(s);
	if (e != 0 || !changed) {
		mdb_txn_abort(txn);
		return e == 0 ? 0 : -1;
	}
	if (mdb_txn_commit(txn) != 0)
		return -1;
	if (atomic_load(&s->apart))
		atomic_store(&s->apart, false);
	return 0;
}
