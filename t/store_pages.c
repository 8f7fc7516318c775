/* A store that lives is whole after every transaction: whatever LMDB does with
 * its pages is not taken for damage (hostile 96, 97). */
enum { MESSAGES = 60, CHUNK = 9000 };
#include "t/store_sample.h"

#include "queue/store_pages.h"

enum { STEPS = 1500, MOST = 4 };

static bool there[MESSAGES];

static bool
is_whole(void)
{
	struct err err = { "" };

	if (store_pages_check(path, &err) == 0)
		return true;
	printf("# %s\n", err.text);
	return false;
}

/* Grow, shrink, grow: so that pages are split, joined and used again. */
static bool
live(struct store *store, unsigned *state)
{
	for (int i = 0; i < STEPS; i++) {
		int n = (int)((*state = *state * 1103515245U + 12345U) >> 16) %
		    MESSAGES;
		bool rising = i / (STEPS / MOST) % 2 == 0;

		if (there[n] == rising && (*state >> 8) % 4 != 0)
			continue;
		if (!(there[n] ? retire(store, n) : put(store, n)))
			return false;
		there[n] = !there[n];
		if (!is_whole())
			return false;
	}
	return true;
}

int
main(void)
{
	struct err err = { "" };
	struct store *store;
	unsigned state = 1;

	ok(make_dir(), "a directory");
	ok(store_pages_check(path, &err) == 0, "no file is no damage");
	ok(make() && is_whole(), "a store");
	ok(use() == FOUND_ALL && is_whole(), "that is emptied");
	store = store_open(dir, &options, &err);
	ok(store != NULL && retire(store, 0), "of all");
	store_close(store);
	free(whole);
	for (int round = 0; round < 3; round++) {
		store = store_open(dir, &options, &err);
		ok(store != NULL && is_whole(), "a store");
		ok(store != NULL && live(store, &state),
		    "which is whole after each transaction");
		store_close(store);
	}
	for (int n = 0; n < MESSAGES; n++)
		if (there[n]) {
			store = store_open(dir, &options, &err);
			there[n] = store == NULL || !retire(store, n);
			store_close(store);
		}
	ok(is_whole(), "and when it is empty");
	remove_store();
	return done_testing();
}
