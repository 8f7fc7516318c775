/* A store that lives is whole after every transaction: whatever LMDB does with
 * its pages is not taken for damage (hostile 96, 97). */
enum { MESSAGES = 60, CHUNK = 9000 };
#include "t/store_sample.h"

#include "queue/store_layout.h"
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

/* Take the key of message 1 out of ${table}, as if it were another one. */
static bool
forget(
    const MDB_dbi *table, struct store_layout *layout, void *octets, size_t n)
{
	MDB_env *env = store_layout_env(NULL);
	MDB_val key = { .mv_size = n, .mv_data = octets };
	MDB_txn *txn;
	bool done = env != NULL &&
	    mdb_env_open(env, dir, MDB_NOTLS, 0600) == 0 &&
	    mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
	    store_layout_open(txn, false, layout) == 0 &&
	    mdb_del(txn, *table, &key, NULL) == 0 && mdb_txn_commit(txn) == 0;

	mdb_env_close(env);
	return done;
}

/* A message that the schedule does not know is said, and put back by who
 * changes it. */
static void
test_index(void)
{
	struct store_place place = { .class = STORE_INCOMING, .key = keys[1] };
	struct store_op mark = { .kind = STORE_MARK,
		.key = keys[1],
		.place = { STORE_HOLD, 0, keys[1] } };
	unsigned char octets[STORE_LAYOUT_PLACE];
	struct store_layout layout;
	struct envelope_rcpt rcpt;
	struct buf body = body_of(1);
	struct envelope e = message(1, &rcpt, &body);
	struct store *store;
	char qid[ENVELOPE_QID];

	store_layout_place(&place, octets);
	ok(forget(&layout.place, &layout, octets, sizeof octets),
	    "a message without its place");
	store = open_and_listen();
	ok(store != NULL && warned, "is said");
	mark_print(&e, &mark.place, &mark.data);
	ok(store != NULL && commit(store, &mark), "and can be given one");
	store_close(store);
	buf_free(&body);
	store = open_and_listen();
	ok(store != NULL && !warned, "then all is well");
	store_close(store);
	qid_of(2, qid);
	ok(forget(&layout.qid, &layout, qid, strlen(qid)),
	    "a message without its queue id");
	store = open_and_listen();
	ok(store != NULL && warned, "is said");
	store_close(store);
	qid_of(3, qid);
	ok(forget(&layout.message, &layout, &keys[3], sizeof keys[3]),
	    "what stands for a message that is not there");
	store = open_and_listen();
	ok(store != NULL && warned, "is said");
	store_close(store);
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
	(void)snprintf(dir + strlen(dir) - 6, 7, "XXXXXX");
	ok(make_dir() && make(), "another store");
	free(whole);
	test_index();
	remove_store();
	return done_testing();
}
