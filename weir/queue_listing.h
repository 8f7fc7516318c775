/* queue_listing.h - the queue as postqueue -p and -j print it. */
#ifndef WEIR_QUEUE_LISTING_H
#define WEIR_QUEUE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/admin.h"

struct buf;
struct envelope;

struct queue_listing {
	bool long_ids; /* wider columns */
	size_t messages;
	unsigned long long octets;
};

/* queue_listing_entry(l, state, e, out): append an entry, after the heading if
 * it is the first one.  queue_listing_end(l, out): append the last line. */
void queue_listing_entry(struct queue_listing *l, enum admin_state state,
    const struct envelope *e, struct buf *out);
void queue_listing_end(const struct queue_listing *l, struct buf *out);

/* queue_listing_json(state, e, out): append an entry as one line of JSON. */
void queue_listing_json(
    enum admin_state state, const struct envelope *e, struct buf *out);

/* queue_listing_name(state): "incoming", "active", "deferred", "hold". */
const char *queue_listing_name(enum admin_state state);

#endif
