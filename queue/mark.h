/* mark.h - what has become of a stored message: the part of its envelope that
 * changes, kept beside the record that does not. */
#ifndef QUEUE_MARK_H
#define QUEUE_MARK_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/store.h"

struct arena;
struct buf;
struct envelope;

/* mark_print(e, place, out): append the mark: attempts, hold, the warning that
 * was sent, and each recipient's state and last deferral. */
void mark_print(
    const struct envelope *e, const struct store_place *place, struct buf *out);

/* mark_apply(data, n, arena, e): put a mark over the envelope it was made
 * from.  False: damaged; ${e} may then be changed in part. */
bool
mark_apply(const char *data, size_t n, struct arena *arena, struct envelope *e);

/* mark_place(data, n, place): where the message is in the schedule (without
 * its key).  False: damaged. */
bool mark_place(const char *data, size_t n, struct store_place *place);

#endif
