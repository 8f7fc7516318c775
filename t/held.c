/* What is held back in memory of a message, and of all together. */
#include "proxy/held.h"

#include <string.h>

#include "t/tap.h"

enum { LARGE = 16 * 1024 * 1024, MANY = 5 };

static char octets[LARGE];

static void
test_one(void)
{
	struct held h = { 0 };

	ok(!held_put(&h, "x", 1), "nothing is held where nothing is to be");
	held_begin(&h, 4);
	ok(held_put(&h, NULL, 0), "an empty body may be held");
	ok(held_put(&h, "abc", 3) && held_put(&h, "d", 1), "up to the limit");
	ok(!held_put(&h, "e", 1), "and no more");
	ok(h.body.len == 4 && memcmp(h.body.data, "abcd", 4) == 0,
	    "what there was before stays");
	ok(!held_put(&h, NULL, 0), "that was all");
	held_begin(&h, 4);
	ok(h.body.len == 0 && held_put(&h, "e", 1), "it may begin again");
	held_end(&h);
	ok(h.body.data == NULL && !held_put(&h, "e", 1), "and end");
}

static void
test_all(void)
{
	struct held h[MANY] = { 0 };
	size_t held = 0;

	for (size_t i = 0; i < MANY; i++) {
		held_begin(&h[i], LARGE);
		held += held_put(&h[i], octets, LARGE);
	}
	ok(held == MANY - 1, "64 MB of all messages together");
	held_end(&h[0]);
	ok(!held_put(&h[MANY - 1], octets, 1), "one that got none gets none");
	held_begin(&h[0], LARGE);
	ok(held_put(&h[0], octets, LARGE), "what was given back may be used");
	for (size_t i = 0; i < MANY; i++)
		held_end(&h[i]);
	held_begin(&h[0], LARGE);
	ok(held_put(&h[0], octets, LARGE), "nothing is lost on the way");
	held_end(&h[0]);
}

int
main(void)
{
	test_one();
	test_all();
	return done_testing();
}
