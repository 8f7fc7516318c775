/* held.c - see held.h. */
#include "proxy/held.h"

#include <stdatomic.h>

enum { MOST_OF_ALL = 64 * 1024 * 1024 }; /* octets of all messages together */

static _Atomic size_t all;

void
held_begin(struct held *h, size_t most)
{
	held_end(h);
	h->most = most;
}

/* ${n} more octets of memory. */
static bool
reserve(size_t n)
{
	if (atomic_fetch_add(&all, n) + n <= MOST_OF_ALL)
		return true;
	(void)atomic_fetch_sub(&all, n);
	return false;
}

bool
held_put(struct held *h, const char *data, size_t n)
{
	if (h->most > 0 && n == 0)
		return true;
	if (h->most == 0 || n > h->most - h->body.len || !reserve(n)) {
		h->most = 0;
		return false;
	}
	buf_put(&h->body, data, n);
	return true;
}

void
held_end(struct held *h)
{
	(void)atomic_fetch_sub(&all, h->body.len);
	buf_free(&h->body);
	h->most = 0;
}
