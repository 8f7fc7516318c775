/* What has become of a message, as it is stored.  Hostile 97, 111. */
#include "queue/mark.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"
#include "queue/envelope.h"
#include "queue/seal.h"
#include "t/tap.h"

enum { N = 5 };

static const struct store_place place = { STORE_DEFERRED, 1234, 0 };

static void
fill(struct envelope_rcpt *rcpts)
{
	for (size_t i = 0; i < N; i++)
		rcpts[i] = (struct envelope_rcpt){
			.dsn = "", .reason = "", .remote = "", .diagnostic = ""
		};
	rcpts[1].state = ENVELOPE_DONE;
	rcpts[1].reason = "is of no use any more";
	rcpts[2].dsn = "4.4.1";
	rcpts[2].reason = "refused";
	rcpts[3].state = ENVELOPE_DELIVERED;
	rcpts[3].remote = "dns; mx.example";
	rcpts[3].diagnostic = "smtp; 250 Ok";
	rcpts[4].state = ENVELOPE_HELD;
}

/* The form of earlier versions. */
static void
print_first_form(const struct envelope *e, struct buf *out)
{
	frame_put_num(out, (uint64_t)place.class);
	frame_put_num(out, (uint64_t)place.when);
	frame_put_num(out, e->attempts);
	frame_put_num(out, (uint64_t)e->not_before);
	frame_put_num(out, (uint64_t)e->last_attempt);
	frame_put_num(out, 3);
	frame_put_num(out, e->nrcpts);
	for (size_t i = 0; i < e->nrcpts; i++) {
		buf_putc(out, (char)e->rcpts[i].state);
		frame_put_str(out, e->rcpts[i].dsn);
		frame_put_str(out, e->rcpts[i].reason);
		frame_put_str(out, e->rcpts[i].remote);
		frame_put_str(out, e->rcpts[i].diagnostic);
	}
	frame_put_num(out, seal(0, out->data, out->len));
}

static void
check(const struct buf *mark, const struct envelope *want, bool done_too)
{
	struct arena *arena = arena_new();
	struct envelope_rcpt rcpts[N];
	struct envelope e = { .rcpts = rcpts, .nrcpts = N };
	struct store_place at = { 0 };

	/* What the record said before. */
	for (size_t i = 0; i < N; i++)
		rcpts[i] = (struct envelope_rcpt){ .dsn = "4.0.0",
			.reason = "older",
			.remote = "older",
			.diagnostic = "older" };
	ok(mark_place(mark->data, mark->len, &at) && at.class == place.class &&
		at.when == place.when,
	    "its place");
	ok(mark_apply(mark->data, mark->len, arena, &e), "is read");
	ok(e.attempts == want->attempts && e.not_before == want->not_before &&
		e.last_attempt == want->last_attempt && e.hold &&
		e.bounced_delay_warning,
	    "of the message");
	for (size_t i = 0; i < N; i++) {
		const struct envelope_rcpt *r = &want->rcpts[i];
		bool bare = r->state == ENVELOPE_DONE && !done_too;

		ok(rcpts[i].state == r->state &&
			strcmp(rcpts[i].dsn, bare ? "" : r->dsn) == 0 &&
			strcmp(rcpts[i].reason, bare ? "" : r->reason) == 0 &&
			strcmp(rcpts[i].remote, r->remote) == 0 &&
			strcmp(rcpts[i].diagnostic, r->diagnostic) == 0,
		    "of recipient %zu", i);
	}
	e.nrcpts = N - 1;
	ok(!mark_apply(mark->data, mark->len, arena, &e),
	    "is of a message with as many recipients");
	arena_free(arena);
}

/* No octet of it can change unseen, and none can be cut off. */
static void
damage(const struct buf *mark)
{
	struct arena *arena = arena_new();
	struct envelope_rcpt rcpts[N] = { 0 };
	struct envelope e = { .rcpts = rcpts, .nrcpts = N };
	bool seen = true;

	for (size_t i = 0; i < mark->len; i++) {
		mark->data[i] ^= 0x10;
		seen &= !mark_apply(mark->data, mark->len, arena, &e);
		mark->data[i] ^= 0x10;
		seen &= !mark_apply(mark->data, i, arena, &e);
	}
	ok(seen, "damage is seen");
	arena_free(arena);
}

int
main(void)
{
	struct envelope_rcpt rcpts[N];
	const struct envelope e = { .attempts = 7,
		.not_before = 99,
		.last_attempt = 88,
		.hold = true,
		.bounced_delay_warning = true,
		.rcpts = rcpts,
		.nrcpts = N };
	struct buf mark = { 0 }, first = { 0 };

	fill(rcpts);
	mark_print(&e, &place, &mark);
	check(&mark, &e, false);
	damage(&mark);
	print_first_form(&e, &first);
	check(&first, &e, true);
	damage(&first);
	ok(mark.len < first.len, "it is shorter than it was");
	buf_free(&mark);
	buf_free(&first);
	return done_testing();
}
