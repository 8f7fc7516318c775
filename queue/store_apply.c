/* store_apply.c - see store_apply.h. */
#include "queue/store_apply.h"

#include <errno.h>
#include <string.h>

#include "base/frame.h"
#include "queue/mark.h"
#include "queue/seal.h"
#include "queue/store.h"
#include "queue/store_layout.h"

enum { PAGE = 4096, PAGES_TREES = 20, CHUNK_PAGES = 17 };

static MDB_val
val(const void *data, size_t n)
{
	MDB_val v = { .mv_size = n };

	/* LMDB's interface is not const-correct; it only reads this. */
	memcpy(&v.mv_data, &data, sizeof data);
	return v;
}

/* Nothing to remove is no error: 0, or LMDB's code. */
static int
absent_ok(int rc)
{
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
del(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t n)
{
	MDB_val k = val(key, n);

	return absent_ok(mdb_del(txn, dbi, &k, NULL));
}

static int
put(MDB_txn *txn, MDB_dbi dbi, MDB_val key, MDB_val value)
{
	return mdb_put(txn, dbi, &key, &value, 0);
}

static int
put_place(MDB_txn *txn, const struct store_layout *layout,
    const struct store_place *place)
{
	unsigned char octets[STORE_LAYOUT_PLACE];

	store_layout_place(place, octets);
	return put(txn, layout->place, val(octets, sizeof octets), val("", 0));
}

/* Take message ${key} out of the schedule.  A damaged mark leaves a place
 * behind, which names no message that can be read, and is dropped when its turn
 * comes. */
static int
del_place(MDB_txn *txn, const struct store_layout *layout, uint64_t key)
{
	struct store_place place;
	unsigned char octets[STORE_LAYOUT_PLACE];
	int rc = store_layout_where(txn, layout, key, &place);

	if (rc != 0)
		return rc;
	store_layout_place(&place, octets);
	return del(txn, layout->place, octets, sizeof octets);
}

static int
del_chunks(MDB_txn *txn, const struct store_layout *layout, uint64_t key)
{
	unsigned char first[STORE_LAYOUT_CHUNK];
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc = mdb_cursor_open(txn, layout->chunk, &cursor);

	if (rc != 0)
		return rc;
	store_layout_chunk(key, 0, first);
	for (;;) {
		k = val(first, sizeof first);
		rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
		if (rc != 0 || memcmp(k.mv_data, first, sizeof key) != 0)
			break;
		if ((rc = mdb_cursor_del(cursor, 0)) != 0)
			break;
	}
	mdb_cursor_close(cursor);
	return absent_ok(rc);
}

/* Each chunk has its own seal, begun with its number. */
static int
put_chunk(
    MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	unsigned char octets[STORE_LAYOUT_CHUNK];
	MDB_val k = val(octets, sizeof octets);
	MDB_val v = { .mv_size = op->data.len + STORE_LAYOUT_SEAL };
	uint64_t sealed = seal(op->number, op->data.data, op->data.len);
	char *to;
	int rc;

	store_layout_chunk(op->key, op->number, octets);
	rc = mdb_put(txn, layout->chunk, &k, &v, MDB_RESERVE);
	if (rc != 0)
		return rc;
	to = v.mv_data;
	memcpy(to, op->data.data, op->data.len);
	memcpy(to + op->data.len, &sealed, sizeof sealed);
	if (op->number != 0)
		return 0;
	return put(
	    txn, layout->partial, val(&op->key, sizeof op->key), val("", 0));
}

static int
put_record(
    MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	MDB_val key = val(&op->key, sizeof op->key);
	int rc = put(txn, layout->qid, val(op->qid, strlen(op->qid)), key);

	if (rc == 0)
		rc = put(txn, layout->message, key,
		    val(op->data.data, op->data.len));
	if (rc == 0)
		rc = put_place(txn, layout, &op->place);
	return rc;
}

static int
put_new(
    MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	int rc = del(txn, layout->partial, &op->key, sizeof op->key);

	return rc != 0 ? rc : put_record(txn, layout, op);
}

static int
put_mark(
    MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	int rc = del_place(txn, layout, op->key);

	if (rc == 0)
		rc = put_place(txn, layout, &op->place);
	if (rc == 0)
		rc = put(txn, layout->mark, val(&op->key, sizeof op->key),
		    val(op->data.data, op->data.len));
	return rc;
}

static int
replace(
    MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	int rc = del_place(txn, layout, op->key);

	if (rc == 0)
		rc = del(txn, layout->mark, &op->key, sizeof op->key);
	if (rc == 0)
		rc = del(txn, layout->qid, op->old_qid, strlen(op->old_qid));
	return rc != 0 ? rc : put_record(txn, layout, op);
}

static int
copy(MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	unsigned char octets[STORE_LAYOUT_CHUNK];
	struct buf chunk = { 0 };
	int rc = 0;

	for (uint64_t i = 0; rc == 0 && i < op->count; i++) {
		MDB_val k = val(octets, sizeof octets), v;

		store_layout_chunk(op->number, i, octets);
		rc = mdb_get(txn, layout->chunk, &k, &v);
		if (rc != 0)
			break;
		/* A put may move what was read, so it is copied; its seal
		 * goes with it. */
		buf_reset(&chunk);
		buf_put(&chunk, v.mv_data, v.mv_size);
		store_layout_chunk(op->key, i, octets);
		rc = put(txn, layout->chunk, val(octets, sizeof octets),
		    val(chunk.data, chunk.len));
	}
	buf_free(&chunk);
	return absent_ok(rc);
}

static int
retire(
    MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	const void *key = &op->key;
	int rc = del_place(txn, layout, op->key);

	if (rc == 0)
		rc = del(txn, layout->mark, key, sizeof op->key);
	if (rc == 0)
		rc = del(txn, layout->qid, op->qid, strlen(op->qid));
	if (rc == 0)
		rc = del(txn, layout->message, key, sizeof op->key);
	return rc != 0 ? rc : del_chunks(txn, layout, op->key);
}

static int
drop(MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	int rc = del(txn, layout->partial, &op->key, sizeof op->key);

	return rc != 0 ? rc : del_chunks(txn, layout, op->key);
}

static int
change(
    MDB_txn *txn, const struct store_layout *layout, const struct store_op *op)
{
	switch (op->kind) {
	case STORE_CHUNK:
		return put_chunk(txn, layout, op);
	case STORE_NEW:
		return put_new(txn, layout, op);
	case STORE_MARK:
		return put_mark(txn, layout, op);
	case STORE_REPLACE:
		return replace(txn, layout, op);
	case STORE_COPY:
		return copy(txn, layout, op);
	case STORE_RETIRE:
		return retire(txn, layout, op);
	case STORE_DROP:
		return drop(txn, layout, op);
	case STORE_ASK:
		return 0;
	}
	return EINVAL;
}

/* Is there something under ${key} in ${dbi}? */
static int
find(MDB_txn *txn, MDB_dbi dbi, const void *key, size_t n, bool *found)
{
	MDB_val k = val(key, n), v;
	int rc = mdb_get(txn, dbi, &k, &v);

	*found = rc == 0;
	return absent_ok(rc);
}

/* Are all chunks of the new message there?  One may have been refused. */
static int
find_chunks(MDB_txn *txn, const struct store_layout *layout,
    const struct store_op *op, bool *found)
{
	unsigned char octets[STORE_LAYOUT_CHUNK];
	int rc = 0;

	*found = true;
	for (uint64_t i = 0; rc == 0 && *found && i < op->count; i++) {
		store_layout_chunk(op->key, i, octets);
		rc = find(txn, layout->chunk, octets, sizeof octets, found);
	}
	return rc;
}

/* May ${op} be made?  Looks only, so that changes that go together can be
 * given up before the first of them. */
static int
look(MDB_txn *txn, const struct store_layout *layout, struct store_op *op)
{
	bool found = true, taken = false, whole = true;
	int rc = 0;

	switch (op->kind) {
	case STORE_MARK:
	case STORE_RETIRE:
		rc = find(
		    txn, layout->message, &op->key, sizeof op->key, &found);
		break;
	case STORE_ASK:
		rc = find(txn, layout->qid, op->qid, strlen(op->qid), &found);
		break;
	case STORE_REPLACE:
		rc = find(
		    txn, layout->qid, op->old_qid, strlen(op->old_qid), &found);
		if (rc != 0 || strcmp(op->qid, op->old_qid) == 0)
			break;
		__attribute__((fallthrough));
	case STORE_NEW:
		rc = find(txn, layout->qid, op->qid, strlen(op->qid), &taken);
		if (rc == 0 && op->kind == STORE_NEW && !taken)
			rc = find_chunks(txn, layout, op, &whole);
		break;
	case STORE_CHUNK:
	case STORE_COPY:
	case STORE_DROP:
		break;
	}
	op->result = !found ? STORE_ABSENT
	    : taken         ? STORE_TAKEN
	    : !whole        ? STORE_FULL
			    : STORE_OK;
	return rc;
}

int
store_apply(
    MDB_txn *txn, const struct store_layout *layout, struct store_op *op)
{
	int rc;

	for (struct store_op *o = op; o != NULL; o = o->with) {
		rc = look(txn, layout, o);
		if (rc != 0 || o->result != STORE_OK) {
			op->result = o->result;
			return rc;
		}
	}
	for (const struct store_op *o = op; o != NULL; o = o->with)
		if ((rc = change(txn, layout, o)) != 0)
			return rc;
	return 0;
}

size_t
store_apply_pages(const struct store_op *op)
{
	size_t pages = 0;

	for (; op != NULL; op = op->with)
		pages += op->data.len / PAGE + 2 + PAGES_TREES +
		    (op->kind == STORE_COPY ? op->count * CHUNK_PAGES : 0);
	return pages;
}
