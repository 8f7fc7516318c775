/* mark.c - see mark.h.
 *
 * A mark: class, time, then the fields, then a seal of all that. */
#include "queue/mark.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"
#include "queue/envelope.h"
#include "queue/seal.h"

enum { SEAL = 8, FLAG_HOLD = 1, FLAG_WARNED = 2, FLAG_TRACE = 4 };

void
mark_print(
    const struct envelope *e, const struct store_place *place, struct buf *out)
{
	size_t start = out->len;

	frame_put_num(out, (uint64_t)place->class);
	frame_put_num(out, (uint64_t)place->when);
	frame_put_num(out, e->attempts);
	frame_put_num(out, (uint64_t)e->not_before);
	frame_put_num(out, (uint64_t)e->last_attempt);
	frame_put_num(out,
	    (e->hold ? FLAG_HOLD : 0U) |
		(e->bounced_delay_warning ? FLAG_WARNED : 0U) |
		(e->trace != ENVELOPE_TRACE_NONE ? FLAG_TRACE : 0U));
	frame_put_num(out, e->nrcpts);
	for (size_t i = 0; i < e->nrcpts; i++) {
		const struct envelope_rcpt *r = &e->rcpts[i];

		buf_putc(out, (char)r->state);
		frame_put_str(out, r->dsn);
		frame_put_str(out, r->reason);
		frame_put_str(out, r->remote);
		frame_put_str(out, r->diagnostic);
	}
	frame_put_num(out, seal(0, out->data + start, out->len - start));
}

/* The fields of a whole mark. */
static bool
open_mark(const char *data, size_t n, struct frame_reader *r)
{
	struct frame_reader tail = { 0 };

	if (n < SEAL)
		return false;
	tail.p = data + n - SEAL;
	tail.end = data + n;
	*r = (struct frame_reader){ .p = data, .end = data + n - SEAL };
	return frame_num(&tail) == seal(0, data, n - SEAL);
}

bool
mark_place(const char *data, size_t n, struct store_place *place)
{
	struct frame_reader r;

	if (!open_mark(data, n, &r))
		return false;
	place->class = (enum store_class)frame_num(&r);
	place->when = (int64_t)frame_num(&r);
	return !r.bad;
}

static void
get_rcpt(
    struct frame_reader *r, struct arena *arena, struct envelope_rcpt *rcpt)
{
	if (r->p == r->end || (unsigned char)*r->p > ENVELOPE_EXPANDED) {
		r->bad = true;
		return;
	}
	rcpt->state = (enum envelope_state) * r->p++;
	rcpt->dsn = frame_str(r, arena);
	rcpt->reason = frame_str(r, arena);
	rcpt->remote = frame_str(r, arena);
	rcpt->diagnostic = frame_str(r, arena);
}

bool
mark_apply(const char *data, size_t n, struct arena *arena, struct envelope *e)
{
	struct frame_reader r;
	uint64_t flags;

	if (!open_mark(data, n, &r))
		return false;
	(void)frame_num(&r); /* class */
	(void)frame_num(&r); /* when */
	e->attempts = (unsigned)frame_num(&r);
	e->not_before = (int64_t)frame_num(&r);
	e->last_attempt = (int64_t)frame_num(&r);
	flags = frame_num(&r);
	e->hold = (flags & FLAG_HOLD) != 0;
	e->bounced_delay_warning = (flags & FLAG_WARNED) != 0;
	/* The report has been sent.  What is only to be verified stays so. */
	if (e->trace == ENVELOPE_TRACE_ATTEMPT && (flags & FLAG_TRACE) == 0)
		e->trace = ENVELOPE_TRACE_NONE;
	if (frame_num(&r) != e->nrcpts)
		return false;
	for (size_t i = 0; i < e->nrcpts && !r.bad; i++)
		get_rcpt(&r, arena, &e->rcpts[i]);
	return !r.bad && r.p == r.end;
}
