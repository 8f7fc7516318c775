/* mark.c - see mark.h.
 *
 * A mark: class and form, time, then the fields, then a seal of all that.  The
 * fields end with an octet for each recipient, its state, and what is to be
 * said of those that are not done with: with a list that is a small part.  The
 * first form had five fields for each recipient. */
#include "queue/mark.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"
#include "queue/envelope.h"
#include "queue/seal.h"

enum { SEAL = 8, FLAG_HOLD = 1, FLAG_WARNED = 2, FLAG_TRACE = 4 };

enum { CLASS = 0xff, NOTED_FORM = 0x100 }; /* of the first number */

static bool
says(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool
is_noted(const struct envelope_rcpt *r)
{
	return r->state != ENVELOPE_DONE &&
	    (says(r->dsn) || says(r->reason) || says(r->remote) ||
		says(r->diagnostic));
}

static void
put_notes(const struct envelope *e, struct buf *out)
{
	uint64_t noted = 0;

	for (size_t i = 0; i < e->nrcpts; i++)
		noted += is_noted(&e->rcpts[i]);
	frame_put_num(out, noted);
	for (size_t i = 0; noted > 0; i++) {
		const struct envelope_rcpt *r = &e->rcpts[i];

		if (!is_noted(r))
			continue;
		frame_put_num(out, i);
		frame_put_str(out, r->dsn);
		frame_put_str(out, r->reason);
		frame_put_str(out, r->remote);
		frame_put_str(out, r->diagnostic);
		noted--;
	}
}

void
mark_print(
    const struct envelope *e, const struct store_place *place, struct buf *out)
{
	size_t start = out->len;

	frame_put_num(out, (uint64_t)place->class | NOTED_FORM);
	frame_put_num(out, (uint64_t)place->when);
	frame_put_num(out, e->attempts);
	frame_put_num(out, (uint64_t)e->not_before);
	frame_put_num(out, (uint64_t)e->last_attempt);
	frame_put_num(out,
	    (e->hold ? FLAG_HOLD : 0U) |
		(e->bounced_delay_warning ? FLAG_WARNED : 0U) |
		(e->trace != ENVELOPE_TRACE_NONE ? FLAG_TRACE : 0U));
	frame_put_num(out, e->nrcpts);
	for (size_t i = 0; i < e->nrcpts; i++)
		buf_putc(out, (char)e->rcpts[i].state);
	put_notes(e, out);
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
	place->class = (enum store_class)(frame_num(&r) & CLASS);
	place->when = (int64_t)frame_num(&r);
	return !r.bad;
}

static void
get_state(struct frame_reader *r, struct envelope_rcpt *rcpt)
{
	if (r->p == r->end || (unsigned char)*r->p > ENVELOPE_EXPANDED)
		r->bad = true;
	else
		rcpt->state = (enum envelope_state) * r->p++;
}

static void
get_note(
    struct frame_reader *r, struct arena *arena, struct envelope_rcpt *rcpt)
{
	rcpt->dsn = frame_str(r, arena);
	rcpt->reason = frame_str(r, arena);
	rcpt->remote = frame_str(r, arena);
	rcpt->diagnostic = frame_str(r, arena);
}

static void
get_first_form(struct frame_reader *r, struct arena *arena, struct envelope *e)
{
	for (size_t i = 0; i < e->nrcpts && !r->bad; i++) {
		get_state(r, &e->rcpts[i]);
		get_note(r, arena, &e->rcpts[i]);
	}
}

static void
get_rcpts(struct frame_reader *r, struct arena *arena, struct envelope *e)
{
	uint64_t noted;

	for (size_t i = 0; i < e->nrcpts && !r->bad; i++) {
		struct envelope_rcpt *rcpt = &e->rcpts[i];

		get_state(r, rcpt);
		rcpt->dsn = rcpt->reason = rcpt->remote = rcpt->diagnostic = "";
	}
	for (noted = frame_num(r); noted > 0 && !r->bad; noted--) {
		uint64_t i = frame_num(r);

		if (i >= e->nrcpts)
			r->bad = true;
		else
			get_note(r, arena, &e->rcpts[i]);
	}
}

bool
mark_apply(const char *data, size_t n, struct arena *arena, struct envelope *e)
{
	struct frame_reader r;
	uint64_t form, flags;

	if (!open_mark(data, n, &r))
		return false;
	form = frame_num(&r);
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
	((form & NOTED_FORM) != 0 ? get_rcpts : get_first_form)(&r, arena, e);
	return !r.bad && r.p == r.end;
}
