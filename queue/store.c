/* store.c - see store.h. */
#include "queue/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/fatal.h"
#include "queue/recall.h"
#include "queue/store_apply.h"
#include "queue/store_index.h"
#include "queue/store_layout.h"
#include "queue/store_pages.h"
#include "queue/store_reader.h"
#include "queue/store_room.h"

enum {
	MODE = 0660,
	LOCK_MS = 20, /* between two looks at the lock */
	/* Changes in one transaction while the reserve must do. */
	FEW = 16,
	GROUP_PAGES = 64, /* what a transaction takes besides its changes */
};

/* Each time it is opened the store has so many keys before it. */
#define KEYS (UINT64_C(1) << 40)

struct store {
	MDB_env *env;
	struct store_layout layout;
	struct store_room room;
	struct recall recall;
	struct store_reader *reader;
	int lock;
	uint64_t next;
	_Atomic bool tight;
};

/* A lock of the kernel's, which ends with the process that has it. */
static int
take_lock(const char *dir, int64_t patience, struct err *err)
{
	int64_t until = clock_mono() + patience;
	char path[4096];
	int fd, e;

	(void)snprintf(path, sizeof path, "%s/writer", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (fd < 0) {
		err_set(err, "open %s: %s", path, err_errno(errno));
		return -1;
	}
	while ((e = flock(fd, LOCK_EX | LOCK_NB)) != 0 &&
	    errno == EWOULDBLOCK && clock_mono() < until)
		(void)poll(NULL, 0, LOCK_MS);
	if (e == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		err_set(err, "the queue in %s is in use", dir);
	else
		err_set(err, "lock %s: %s", path, err_errno(errno));
	(void)close(fd);
	return -1;
}

/* Take a range of keys that was never used, and know it for the next time. */
static int
take_keys(MDB_txn *txn, struct store *store)
{
	char name[] = "next";
	MDB_val key = { .mv_size = sizeof name - 1, .mv_data = name }, value;
	uint64_t next = KEYS;
	int rc = mdb_get(txn, store->layout.meta, &key, &value);

	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	if (rc == 0 && value.mv_size == sizeof next)
		memcpy(&next, value.mv_data, sizeof next);
	store->next = next;
	next += KEYS;
	value = (MDB_val){ .mv_size = sizeof next, .mv_data = &next };
	return mdb_put(txn, store->layout.meta, &key, &value, 0);
}

/* Remove the chunks of messages that never became whole. */
static int
sweep(MDB_txn *txn, struct store *store)
{
	struct store_op op = { .kind = STORE_DROP };
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc;

	for (;;) {
		rc = mdb_cursor_open(txn, store->layout.partial, &cursor);
		if (rc != 0)
			return rc;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
		if (rc == 0)
			memcpy(&op.key, key.mv_data, sizeof op.key);
		mdb_cursor_close(cursor);
		if (rc != 0)
			return rc == MDB_NOTFOUND ? 0 : rc;
		if ((rc = store_apply(txn, &store->layout, &op)) != 0)
			return rc;
	}
}

static int
prepare(struct store *store)
{
	MDB_txn *txn;
	size_t wrong;
	int dead, rc;

	(void)mdb_reader_check(store->env, &dead);
	rc = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = store_layout_open(txn, true, &store->layout);
	if (rc == 0)
		rc = take_keys(txn, store);
	if (rc == 0)
		rc = sweep(txn, store);
	if (rc == 0)
		rc = store_index_check(txn, &store->layout, &wrong);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

/* Nothing has been changed when it is refused. */
static int
check_pages(const char *dir, struct err *err)
{
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/data.mdb", dir);
	if (store_pages_check(path, err) == 0)
		return 0;
	err_add(err,
	    "queue %s is damaged, and left as it is; put a good copy in its "
	    "place, or move it away to begin with an empty queue",
	    path);
	return -1;
}

static int
open_env(struct store *store, const char *dir,
    const struct store_options *options, struct err *err)
{
	int rc;

	if ((store->env = store_layout_env(err)) == NULL)
		return -1;
	rc = mdb_env_set_mapsize(
	    store->env, (options->size + 2 * options->reserve) & ~0xffffULL);
	if (rc == 0)
		rc = mdb_env_open(
		    store->env, dir, MDB_NOTLS | MDB_NORDAHEAD, MODE);
	if (rc == 0)
		rc = prepare(store);
	if (rc == 0)
		return 0;
	err_set(err, "open queue %s: %s", dir, mdb_strerror(rc));
	mdb_env_close(store->env);
	return -1;
}

struct store *
store_open(
    const char *dir, const struct store_options *options, struct err *err)
{
	struct store *store = calloc(1, sizeof *store);

	if (store == NULL)
		fatal("out of memory");
	if (mkdir(dir, S_IRWXU | S_IRWXG) != 0 && errno != EEXIST) {
		err_set(err, "mkdir %s: %s", dir, err_errno(errno));
		goto err0;
	}
	if ((store->lock = take_lock(dir, options->patience, err)) < 0)
		goto err0;
	if (check_pages(dir, err) != 0 ||
	    open_env(store, dir, options, err) != 0)
		goto err1;
	store_room_init(
	    &store->room, store->env, options->size, options->reserve);
	recall_begin(&store->recall, store->next);
	store->reader = store_reader_within(store->env, &store->layout);
	return store;
err1:
	(void)close(store->lock);
err0:
	free(store);
	return NULL;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_reader_close(store->reader);
	recall_free(&store->recall);
	mdb_env_close(store->env);
	(void)close(store->lock);
	free(store);
}

uint64_t
store_key(struct store *store)
{
	return store->next++;
}

uint64_t
store_next_key(const struct store *store)
{
	return store->next;
}

void
store_recall(struct store *store)
{
	recall_begin(&store->recall, store->next);
}

bool
store_tight(const struct store *store)
{
	return atomic_load_explicit(&store->tight, memory_order_relaxed);
}

struct store_reader *
store_reader_of(struct store *store)
{
	return store->reader;
}

void
store_check_readers(struct store *store)
{
	int dead;

	(void)mdb_reader_check(store->env, &dead);
}

/* Is this a want of space, as opposed to a disk that fails? */
static bool
is_full(int rc)
{
	return rc == MDB_MAP_FULL || rc == MDB_TXN_FULL || rc == ENOSPC ||
	    rc == EDQUOT || rc == EFBIG;
}

/* Apply and commit the changes from ${first} to before ${end} whose result is
 * not settled yet. */
static int
commit_some(
    struct store *store, struct store_op *first, const struct store_op *end)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	for (struct store_op *op = first; op != end; op = op->next) {
		if (op->result == STORE_FULL)
			continue;
		if ((rc = store_apply(txn, &store->layout, op)) != 0) {
			mdb_txn_abort(txn);
			return rc;
		}
	}
	crash_point("store-before-commit");
	rc = mdb_txn_commit(txn);
	crash_point("store-after-commit");
	return rc;
}

/* Settle as refused what asks for room (or, if ${all}, everything). */
static bool
refuse(struct store_op *first, const struct store_op *end, bool all)
{
	bool any = false;

	for (struct store_op *op = first; op != end; op = op->next) {
		if (!op->needs_room && !all)
			continue;
		op->result = STORE_FULL;
		any = true;
	}
	return any;
}

/* The changes from ${first} to before ${end}: first all of them, then those
 * that may use the reserve.  0, or the code of a disk that fails. */
static int
commit_part(
    struct store *store, struct store_op *first, const struct store_op *end)
{
	int rc = commit_some(store, first, end);

	if (!is_full(rc))
		return rc;
	store->tight = true;
	if (refuse(first, end, false))
		rc = commit_some(store, first, end);
	if (!is_full(rc))
		return rc;
	(void)refuse(first, end, true);
	return 0;
}

/* Settle as refused what there is no room for.  True: nothing was. */
static bool
admit(struct store *store, struct store_op *ops)
{
	uint64_t pages = GROUP_PAGES;
	bool room = true;

	for (struct store_op *op = ops; op != NULL; op = op->next)
		pages += store_apply_pages(op);
	if (store_room_for(&store->room, pages))
		return true;
	pages = GROUP_PAGES;
	for (struct store_op *op = ops; op != NULL; op = op->next) {
		if (!op->needs_room)
			continue;
		pages += store_apply_pages(op);
		room = room && store_room_for(&store->room, pages);
		if (!room)
			op->result = STORE_FULL;
	}
	return false;
}

static int
commit_parts(struct store *store, struct store_op *ops)
{
	struct store_op *first = ops, *end;
	int rc = 0;

	/* Each transaction frees what the next but one may use. */
	while (rc == 0 && first != NULL) {
		end = first;
		for (int i = 0; end != NULL && i < FEW; i++)
			end = end->next;
		rc = commit_part(store, first, end);
		first = end;
	}
	(void)store_room_refill(&store->room);
	return rc;
}

int
store_commit(struct store *store, struct store_op *ops, struct err *err)
{
	int rc;

	for (struct store_op *op = ops; op != NULL; op = op->next)
		op->result = STORE_OK;
	if (admit(store, ops)) {
		store->tight = false;
		rc = commit_part(store, ops, NULL);
	} else {
		store->tight = true;
		rc = commit_parts(store, ops);
	}
	if (rc == 0) {
		recall_settle(&store->recall, ops);
		return 0;
	}
	for (struct store_op *op = ops; op != NULL; op = op->next)
		op->result = STORE_FAILED;
	err_set(err, "write the queue: %s", mdb_strerror(rc));
	return -1;
}
