/* recall.c - see recall.h. */
#include "queue/recall.h"

#include <stddef.h>

#include "base/clock.h"
#include "queue/store.h"

/* Longer than a proxy is patient with a queue that is away (submit.c). */
#define MEMORY (60 * CLOCK_SECOND)

void
recall_begin(struct recall *recall, uint64_t below)
{
	atomic_store(&recall->below, below);
	atomic_store(&recall->until, clock_mono() + MEMORY);
}

void
recall_free(struct recall *recall)
{
	strmap_free(&recall->qids);
}

static void
note(struct recall *recall, const struct store_op *op)
{
	static char there;
	const char *qid = op->kind == STORE_RETIRE ? op->qid
	    : op->kind == STORE_REPLACE            ? op->old_qid
						   : NULL;

	if (qid != NULL && op->key < atomic_load(&recall->below))
		(void)strmap_set(&recall->qids, qid, &there);
}

void
recall_settle(struct recall *recall, struct store_op *ops)
{
	if (atomic_load(&recall->until) < clock_mono()) {
		strmap_free(&recall->qids);
		return;
	}
	for (struct store_op *op = ops; op != NULL; op = op->next) {
		if (op->kind == STORE_ASK && op->result == STORE_ABSENT &&
		    strmap_find(&recall->qids, op->qid) != NULL)
			op->result = STORE_OK;
		if (op->result != STORE_OK)
			continue;
		for (const struct store_op *o = op; o != NULL; o = o->with)
			note(recall, o);
	}
}
