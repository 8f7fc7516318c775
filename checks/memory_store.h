/* memory_store.h - decisions with memory (rules/memory.h) on the store of what
 * the program may lose. */
#ifndef CHECKS_MEMORY_STORE_H
#define CHECKS_MEMORY_STORE_H

#include <stdint.h>

#include "rules/memory.h"

struct state;

/* memory_store_decide(state, question, now, results): one transaction, exact
 * among all processes that have the store open.  0, or -1: the store failed, and
 * nothing was changed.  Any thread; waits for who else is writing, not for the
 * disk. */
int
memory_store_decide(struct state *state, const struct memory_question *question,
    int64_t now, int64_t results[MEMORY_RESULTS]);

#endif
