/* state_ring.h - the newest records of a kind, in the state store. */
#ifndef BASE_STATE_RING_H
#define BASE_STATE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

struct state_item {
	const char *data;
	size_t n;
};

/* state_ring_put(state, ring, items, count, most): append records to a ring
 * that keeps the newest ${most}, in one transaction.  0 or -1. */
int state_ring_put(struct state *state, const char *ring,
    const struct state_item *items, size_t count, uint64_t most);

/* state_ring_each(state, ring, fn, arg): call ${fn} for each record, the newest
 * first, until it returns false.  0 or -1. */
int state_ring_each(struct state *state, const char *ring,
    bool (*fn)(void *arg, const char *data, size_t n), void *arg);

#endif
