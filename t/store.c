/* The store: commits, marks, the schedule, half-arrived messages, no room, a
 * second writer.  Hostile 96-98, 110; seeds. */
#include "queue/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "queue/mark.h"
#include "queue/store_reader.h"
#include "t/tap.h"

static char dir[] = "/tmp/weir-store-XXXXXX";
static const struct store_options usual = { .size = 64 << 20,
	.reserve = 2 << 20 };

static struct envelope_rcpt rcpts[2] = { { .address = "a@b" },
	{ .address = "c@d" } };

static void
remove_file(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	(void)unlink(path);
}

static struct envelope
sample(const char *qid, const char *body, size_t n)
{
	struct envelope e = { .sender = "s@t",
		.arrival = clock_now(),
		.rcpts = rcpts,
		.nrcpts = 2,
		.headers = "A: b\r\n\r\n",
		.nheaders = 8,
		.body = body,
		.nbody = n };

	(void)snprintf(e.qid, sizeof e.qid, "%s", qid);
	return e;
}

static struct store_op
new_op(struct store *store, const struct envelope *e)
{
	struct store_op op = {
		.kind = STORE_NEW, .needs_room = true, .key = store_key(store)
	};

	op.place = (struct store_place){
		.class = e->hold ? STORE_HOLD : STORE_INCOMING, .key = op.key
	};
	memcpy(op.qid, e->qid, sizeof op.qid);
	envelope_print(e, &op.data);
	return op;
}

static struct store_op
retire_op(uint64_t key, const char *qid)
{
	struct store_op op = { .kind = STORE_RETIRE, .key = key };

	(void)snprintf(op.qid, sizeof op.qid, "%s", qid);
	return op;
}

static enum store_result
commit(struct store *store, struct store_op *op)
{
	struct err err;

	if (store_commit(store, op, &err) != 0)
		printf("# %s\n", err.text);
	buf_free(&op->data);
	return op->result;
}

static struct store *
reopen(struct store *store, const struct store_options *options)
{
	struct err err = { "" };

	store_close(store);
	store = store_open(dir, options, &err);
	if (store == NULL)
		printf("Bail out! %s\n", err.text);
	return store;
}

static void
test_life(struct store **store)
{
	struct envelope e = sample("AAA1", "body\r\n", 6), got;
	struct store_op op = new_op(*store, &e), mark = { .kind = STORE_MARK };
	struct store_reader *r = store_reader_of(*store);
	struct arena *arena = arena_new();
	struct store_place place;
	struct err err = { "" };
	uint64_t key = 0;

	ok(commit(*store, &op) == STORE_OK, "a message is stored");
	*store = reopen(*store, &usual);
	r = store_reader_of(*store);
	ok(store_reader_find(r, "AAA1", &key, &err) == 1 && key == op.key,
	    "found by its queue id after a restart");
	ok(store_reader_envelope(r, key, arena, &got, &err) == 1 &&
		got.nbody == 6 && memcmp(got.body, "body\r\n", 6) == 0,
	    "read back");
	ok(store_reader_where(r, key, &place, &err) == 1 &&
		place.class == STORE_INCOMING,
	    "it is incoming");
	got.rcpts[0].state = ENVELOPE_DONE;
	got.rcpts[1].reason = "refused";
	got.attempts = 1;
	mark.key = key;
	mark.place = (struct store_place){ STORE_DEFERRED, 1000, key };
	mark_print(&got, &mark.place, &mark.data);
	ok(commit(*store, &mark) == STORE_OK, "marked");
	ok(store_reader_peek(r, key, arena, &got, &err) == 1 &&
		got.rcpts[0].state == ENVELOPE_DONE && got.attempts == 1,
	    "the mark shows in the envelope");
	is(got.rcpts[1].reason, "refused", "with the reason (Q-33)");
	ok(store_reader_where(r, key, &place, &err) == 1 &&
		place.class == STORE_DEFERRED && place.when == 1000,
	    "it is deferred, with its time (Q-23)");
	place = (struct store_place){ .class = STORE_CORRUPT };
	ok(store_reader_places(r, &place, &place, 1, &err) == 1 &&
		place.class == STORE_DEFERRED && place.key == key,
	    "its old place is gone, the new one there");
	op = retire_op(key, "AAA1");
	ok(commit(*store, &op) == STORE_OK, "retired");
	ok(store_reader_find(r, "AAA1", &key, &err) == 0 &&
		store_reader_envelope(r, op.key, arena, &got, &err) == 0,
	    "nothing is left");
	ok(commit(*store, &op) == STORE_ABSENT, "retired again: absent");
	arena_free(arena);
}

static void
test_chunks(struct store **store)
{
	struct envelope e = sample("BBB1", "", 0);
	struct store_op ops[3] = { { .kind = STORE_CHUNK }, { 0 }, { 0 } };
	struct store_reader *r = store_reader_of(*store);
	struct buf out = { 0 };
	struct err err = { "" };
	uint64_t half = store_key(*store);

	ops[0].key = half;
	buf_puts(&ops[0].data, "half");
	ok(commit(*store, &ops[0]) == STORE_OK, "a chunk arrives early");
	ok(store_reader_chunk(r, half, 0, &out, &err) == 1, "it is there");
	e.nchunks = 2;
	ops[2] = new_op(*store, &e);
	for (unsigned i = 0; i < 2; i++) {
		ops[i] = (struct store_op){ .kind = STORE_CHUNK,
			.next = &ops[i + 1],
			.key = ops[2].key,
			.number = i };
		buf_printf(&ops[i].data, "chunk %u", i);
	}
	ok(store_commit(*store, ops, &err) == 0, "chunks and their record");
	*store = reopen(*store, &usual);
	r = store_reader_of(*store);
	ok(store_reader_chunk(r, half, 0, &out, &err) == 0,
	    "what arrived by half is swept at start");
	buf_reset(&out);
	ok(store_reader_chunk(r, ops[2].key, 0, &out, &err) == 1 &&
		store_reader_chunk(r, ops[2].key, 1, &out, &err) == 1,
	    "a whole message keeps its chunks");
	is(buf_str(&out), "chunk 0chunk 1", "in order");
	ok(store_key(*store) > ops[2].key, "keys are never used again");
	for (int i = 0; i < 3; i++)
		buf_free(&ops[i].data);
	ops[0] = (struct store_op){
		.kind = STORE_COPY, .key = 7, .number = ops[2].key, .count = 2
	};
	ok(commit(*store, &ops[0]) == STORE_OK &&
		store_reader_chunk(r, 7, 1, &out, &err) == 1,
	    "chunks can be copied");
	ops[0] = retire_op(ops[2].key, "BBB1");
	(void)commit(*store, &ops[0]);
	ok(store_reader_chunk(r, ops[2].key, 0, &out, &err) == 0 &&
		store_reader_chunk(r, 7, 0, &out, &err) == 1,
	    "chunks go with their message, and with no other");
	ops[0] = (struct store_op){ .kind = STORE_DROP, .key = 7 };
	(void)commit(*store, &ops[0]);
	buf_free(&out);
}

static void
test_together(struct store *store)
{
	struct envelope e = sample("CCC1", "x", 1),
			child = sample("CCC1", "", 0);
	struct store_op op = new_op(store, &e), kid = new_op(store, &child);
	struct store_op out = retire_op(op.key, "CCC1");
	struct store_op ask = { .kind = STORE_ASK, .qid = "CCC1" };
	struct err err;

	(void)commit(store, &op);
	ok(commit(store, &kid) == STORE_TAKEN,
	    "a queue id is there once (109)");
	kid = new_op(store, &child);
	kid.with = &out;
	ok(store_commit(store, &kid, &err) == 0 && kid.result == STORE_TAKEN,
	    "changes that go together ...");
	ok(commit(store, &ask) == STORE_OK, "... are made together or not");
	(void)snprintf(kid.qid, sizeof kid.qid, "CCC2");
	kid.result = STORE_OK;
	ok(store_commit(store, &kid, &err) == 0 && kid.result == STORE_OK,
	    "a child instead of its parent");
	ok(commit(store, &ask) == STORE_ABSENT, "the parent is gone");
	buf_free(&kid.data);
	out = retire_op(kid.key, "CCC2");
	(void)commit(store, &out);
}

static void
test_hold_and_replace(struct store *store)
{
	struct envelope e = sample("DDD1", "x", 1);
	struct store_reader *r = store_reader_of(store);
	struct store_op op, change;
	struct store_place place;
	struct err err;

	e.hold = true;
	op = new_op(store, &e);
	(void)commit(store, &op);
	ok(store_reader_where(r, op.key, &place, &err) == 1 &&
		place.class == STORE_HOLD,
	    "a message may arrive on hold");
	change = (struct store_op){ .kind = STORE_REPLACE,
		.key = op.key,
		.place = { STORE_INCOMING, 0, op.key },
		.qid = "DDD2",
		.old_qid = "DDD1" };
	(void)snprintf(e.qid, sizeof e.qid, "DDD2");
	envelope_print(&e, &change.data);
	ok(commit(store, &change) == STORE_OK, "it gets a new queue id");
	ok(store_reader_find(r, "DDD1", &change.key, &err) == 0 &&
		store_reader_find(r, "DDD2", &change.key, &err) == 1,
	    "and loses the old one");
	ok(store_reader_where(r, op.key, &place, &err) == 1 &&
		place.class == STORE_INCOMING,
	    "it is not on hold any more");
	place = (struct store_place){ .class = STORE_HOLD };
	ok(store_reader_places(r, &place, &place, 1, &err) == 1 &&
		place.class == STORE_INCOMING,
	    "nor in the schedule");
	change = retire_op(op.key, "DDD2");
	(void)commit(store, &change);
}

/* Fill the store until it refuses; then empty it; then fill it again. */
static void
fill(struct store *store, const char *how)
{
	enum { MOST = 4000, BODY = 30000 };
	static char body[BODY];
	static uint64_t keys[MOST];
	struct store_op op;
	char qid[ENVELOPE_QID];
	struct envelope e;
	int n, marked = 0, removed = 0, again;

	for (n = 0; n < MOST; n++) {
		(void)snprintf(qid, sizeof qid, "F%d", n);
		e = sample(qid, body, sizeof body);
		op = new_op(store, &e);
		keys[n] = op.key;
		if (commit(store, &op) != STORE_OK)
			break;
	}
	ok(n > 50 && n < MOST && op.result == STORE_FULL,
	    "%s: full after %d messages", how, n);
	ok(store_tight(store), "%s: the store says so", how);
	for (int i = 0; i < n; i++) {
		op = (struct store_op){ .kind = STORE_MARK,
			.key = keys[i],
			.place = { STORE_DEFERRED, i, keys[i] } };
		(void)snprintf(e.qid, sizeof e.qid, "F%d", i);
		mark_print(&e, &op.place, &op.data);
		marked += commit(store, &op) == STORE_OK;
	}
	ok(marked == n, "%s: marks are still taken (%d)", how, marked);
	for (int i = 0; i < n; i++) {
		(void)snprintf(qid, sizeof qid, "F%d", i);
		op = retire_op(keys[i], qid);
		removed += commit(store, &op) == STORE_OK;
	}
	ok(removed == n, "%s: a full store can be emptied (%d)", how, removed);
	for (again = 0; again < n / 2; again++) {
		(void)snprintf(qid, sizeof qid, "G%d", again);
		e = sample(qid, body, sizeof body);
		op = new_op(store, &e);
		keys[again] = op.key;
		if (commit(store, &op) != STORE_OK)
			break;
	}
	ok(again == n / 2, "%s: and filled again (%d)", how, again);
	for (int i = 0; i < again; i++) {
		(void)snprintf(qid, sizeof qid, "G%d", i);
		op = retire_op(keys[i], qid);
		(void)commit(store, &op);
	}
}

static void
test_full(struct store **store)
{
	struct store_options small = { .size = 12 << 20, .reserve = 2 << 20 };
	struct rlimit limit, old;

	*store = reopen(*store, &small);
	fill(*store, "a full map");
	store_close(*store);
	remove_file("data.mdb");
	/* A file that may not grow fails as a full disk does (hostile 98,
	 * 107). */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 24 << 20;
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	*store = reopen(NULL, &usual);
	fill(*store, "a full disk");
	(void)setrlimit(RLIMIT_FSIZE, &old);
	*store = reopen(*store, &usual);
}

/* A proxy whose queue role died before it answered asks the next one, which may
 * have delivered the message already. */
static void
test_recall(struct store **store)
{
	struct envelope e = sample("DDD1", "x", 1), f = sample("DDD2", "x", 1);
	struct store_op old = new_op(*store, &e), late, out;
	struct store_op ask = { .kind = STORE_ASK, .qid = "DDD1" };
	struct store_op other = { .kind = STORE_ASK, .qid = "DDD2" };

	(void)commit(*store, &old);
	*store = reopen(*store, &usual);
	late = new_op(*store, &f);
	(void)commit(*store, &late);
	out = retire_op(old.key, "DDD1");
	(void)commit(*store, &out);
	out = retire_op(late.key, "DDD2");
	(void)commit(*store, &out);
	ok(commit(*store, &ask) == STORE_OK,
	    "what was there at the start and is delivered was stored (103)");
	ok(commit(*store, &other) == STORE_ABSENT,
	    "what came later had its answer");
	late = new_op(*store, &f);
	(void)commit(*store, &late);
	store_recall(*store);
	out = retire_op(late.key, "DDD2");
	(void)commit(*store, &out);
	ok(commit(*store, &other) == STORE_OK, "unless that was missed");
	*store = reopen(*store, &usual);
	ask.result = STORE_OK;
	ok(commit(*store, &ask) == STORE_ABSENT, "it is gone for good");
}

static void
test_lock(void)
{
	struct err err = { "" };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(store_open(dir, &usual, &err) == NULL &&
		    strstr(err.text, "is in use") != NULL);
	(void)waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 1,
	    "a second writer is refused (110)");
}

static void
clean(void)
{
	remove_file("data.mdb");
	remove_file("lock.mdb");
	remove_file("writer");
	(void)rmdir(dir);
}

int
main(void)
{
	struct store *store;

	if (mkdtemp(dir) == NULL || (store = reopen(NULL, &usual)) == NULL)
		return 1;
	test_life(&store);
	test_chunks(&store);
	test_together(store);
	test_hold_and_replace(store);
	test_recall(&store);
	test_lock();
	test_full(&store);
	store_close(store);
	clean();
	return done_testing();
}
