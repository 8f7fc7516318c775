/* The queue by domain, sender, reason and age. */
#include "weir/queue_shape.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "queue/envelope.h"
#include "t/tap.h"

static const int64_t now = INT64_C(100000) * 60 * CLOCK_SECOND;

static void
add(struct queue_shape *shape, const char *sender, int64_t minutes,
    const char *first, const char *second)
{
	struct envelope_rcpt rcpts[] = {
		{ .address = first, .reason = "refused" },
		{ .address = second, .reason = "" },
		{ .address = "x@done.example",
		    .reason = "",
		    .state = ENVELOPE_DONE },
	};
	struct envelope e = { .sender = sender,
		.arrival = now - minutes * 60 * CLOCK_SECOND,
		.rcpts = rcpts,
		.nrcpts = 3 };

	queue_shape_add(shape, &e);
}

static void
by(enum queue_shape_key key, const char *want, const char *name)
{
	struct queue_shape shape = { .key = key, .now = now };
	struct buf out = { 0 };

	add(&shape, "a@x", 1, "r@one.example", "r@TWO.example");
	add(&shape, "", 5, "r@two.example", "local");
	add(&shape, "a@x", 1279, "r@two.example", "r@\033.example");
	add(&shape, "b@x", 99999, "r@two.example", "r@one.example");
	add(&shape, "b@x", -7, "r@two.example", "r@one.example");
	queue_shape_print(&shape, &out);
	is(buf_str(&out), want, "%s", name);
	buf_free(&out);
	queue_shape_free(&shape);
}

/* clang-format off */
#define HEAD "  total      5     10     20     40     80    160    320    640   1280  1280+  "

int
main(void)
{
	enum queue_shape_key key;

	ok(queue_shape_parse("reason", &key) && key == QUEUE_SHAPE_REASON,
	    "a key");
	ok(!queue_shape_parse("size", &key), "none");
	by(QUEUE_SHAPE_DOMAIN,
	    HEAD "domain\n"
	    "     10      4      2      0      0      0      0      0      0      2      2  all\n"
	    "      5      2      1      0      0      0      0      0      0      1      1  two.example\n"
	    "      3      2      0      0      0      0      0      0      0      0      1  one.example\n"
	    "      1      0      0      0      0      0      0      0      0      1      0  ?.example\n"
	    "      1      0      1      0      0      0      0      0      0      0      0  (no domain)\n",
	    "recipients by domain");
	by(QUEUE_SHAPE_SENDER,
	    HEAD "sender\n"
	    "      5      2      1      0      0      0      0      0      0      1      1  all\n"
	    "      2      1      0      0      0      0      0      0      0      1      0  a@x\n"
	    "      2      1      0      0      0      0      0      0      0      0      1  b@x\n"
	    "      1      0      1      0      0      0      0      0      0      0      0  MAILER-DAEMON\n",
	    "messages by sender");
	by(QUEUE_SHAPE_REASON,
	    HEAD "reason\n"
	    "     10      4      2      0      0      0      0      0      0      2      2  all\n"
	    "      5      2      1      0      0      0      0      0      0      1      1  (not tried)\n"
	    "      5      2      1      0      0      0      0      0      0      1      1  refused\n",
	    "recipients by reason");
	by(QUEUE_SHAPE_AGE,
	    "  total  minutes\n      5  all\n      2  5\n      1  10\n"
	    "      0  20\n      0  40\n      0  80\n      0  160\n"
	    "      0  320\n      0  640\n      1  1280\n      1  1280+\n",
	    "messages by age");
	return done_testing();
}
/* clang-format on */
