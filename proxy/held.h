/* held.h - the body of a message that is held back in memory, because it may
 * not have to be stored. */
#ifndef PROXY_HELD_H
#define PROXY_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Zero-initialised: nothing is to be held. */
struct held {
	size_t most; /* octets; 0: nothing is held, and nothing will be */
	struct buf body;
};

/* held_begin(h, most): from now on, up to ${most} octets. */
void held_begin(struct held *h, size_t most);

/* held_put(h, data, n): more of it.  False: it is too much for this message, or
 * for all of the process together; nothing was taken, nothing more will be, and
 * h->body is what there was before. */
bool held_put(struct held *h, const char *data, size_t n);

/* held_end(h): forget it. */
void held_end(struct held *h);

#endif
