/* recall.h - the queue ids of messages whose answer a proxy may have missed, and
 * that are done with since.  For store.c.
 *
 * A proxy that lost the queue role before its answer asks (STORE_ASK) whether
 * its message is there.  By then it may have been delivered, and must not be
 * refused for that. */
#ifndef QUEUE_RECALL_H
#define QUEUE_RECALL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/strmap.h"

struct store_op;

struct recall {
	struct strmap qids;
	_Atomic uint64_t below; /* keys of such messages */
	/* clock_mono() time; then nobody asks any more */
	_Atomic int64_t until;
};

/* recall_begin(recall, below): the answers to messages with smaller keys than
 * ${below} may have been missed just now.  Any thread. */
void recall_begin(struct recall *recall, uint64_t below);
void recall_free(struct recall *recall);

/* recall_settle(recall, ops): ${ops} were committed, and have their results:
 * note what is done with, and change the answer to who asks for that. */
void recall_settle(struct recall *recall, struct store_op *ops);

#endif
