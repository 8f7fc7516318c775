/* recall.h - the queue ids of messages that were in the store when it was
 * opened, and are done with since.  For store.c.
 *
 * A proxy that lost the last queue role before its answer asks this one whether
 * its message is there (STORE_ASK).  By then it may have been delivered, and
 * must not be refused for that. */
#ifndef QUEUE_RECALL_H
#define QUEUE_RECALL_H

#include <stdint.h>

#include "base/strmap.h"

struct store_op;

struct recall {
	struct strmap qids;
	uint64_t below; /* keys of messages that were there */
	int64_t until;  /* clock_mono() time; then nobody asks any more */
};

/* recall_init(recall, below): for a store that gives keys from ${below}. */
void recall_init(struct recall *recall, uint64_t below);
void recall_free(struct recall *recall);

/* recall_settle(recall, ops): ${ops} were committed, and have their results:
 * note what is done with, and change the answer to who asks for that. */
void recall_settle(struct recall *recall, struct store_op *ops);

#endif
