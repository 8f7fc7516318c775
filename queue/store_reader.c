/* store_reader.c - see store_reader.h. */
#include "queue/store_reader.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "queue/envelope.h"
#include "queue/mark.h"
#include "queue/seal.h"
#include "queue/store.h"
#include "queue/store_layout.h"

struct store_reader {
	MDB_env *env;
	bool owned;
	struct store_layout layout;
	/* The map may only be changed while nobody reads. */
	pthread_rwlock_t lock;
};

static struct store_reader *
new_reader(MDB_env *env, bool owned)
{
	struct store_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL)
		fatal("out of memory");
	reader->env = env;
	reader->owned = owned;
	must(pthread_rwlock_init(&reader->lock, NULL) == 0);
	return reader;
}

struct store_reader *
store_reader_within(struct MDB_env *env, const struct store_layout *layout)
{
	struct store_reader *reader = new_reader(env, false);

	reader->layout = *layout;
	return reader;
}

static int
open_tables(struct store_reader *reader)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(reader->env, NULL, MDB_RDONLY, &txn);

	if (rc != 0)
		return rc;
	rc = store_layout_open(txn, false, &reader->layout);
	/* The handles stay only if this is committed. */
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

struct store_reader *
store_reader_open(const char *dir, struct err *err)
{
	struct store_reader *reader;
	MDB_env *env = store_layout_env(err);
	int rc;

	if (env == NULL)
		return NULL;
	reader = new_reader(env, true);
	rc = mdb_env_open(
	    env, dir, MDB_RDONLY | MDB_NOTLS | MDB_NORDAHEAD, 0660);
	if (rc == 0)
		rc = open_tables(reader);
	if (rc == 0)
		return reader;
	err_set(err, "open queue %s: %s", dir, mdb_strerror(rc));
	store_reader_close(reader);
	return NULL;
}

void
store_reader_close(struct store_reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->owned)
		mdb_env_close(reader->env);
	(void)pthread_rwlock_destroy(&reader->lock);
	free(reader);
}

/* Begin to read.  If the writer has made the map larger, so do we. */
static MDB_txn *
begin(struct store_reader *reader, struct err *err)
{
	MDB_txn *txn;
	int rc;

	for (int tries = 0;; tries++) {
		must(pthread_rwlock_rdlock(&reader->lock) == 0);
		rc = mdb_txn_begin(reader->env, NULL, MDB_RDONLY, &txn);
		if (rc == 0)
			return txn;
		must(pthread_rwlock_unlock(&reader->lock) == 0);
		if (rc != MDB_MAP_RESIZED || tries > 0)
			break;
		must(pthread_rwlock_wrlock(&reader->lock) == 0);
		(void)mdb_env_set_mapsize(reader->env, 0);
		must(pthread_rwlock_unlock(&reader->lock) == 0);
	}
	err_set(err, "read the queue: %s", mdb_strerror(rc));
	return NULL;
}

static void
end(struct store_reader *reader, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	must(pthread_rwlock_unlock(&reader->lock) == 0);
}

/* 1, 0 or -1 for LMDB's code. */
static int
outcome(int rc, struct err *err)
{
	if (rc == 0)
		return 1;
	if (rc == MDB_NOTFOUND)
		return 0;
	err_set(err, "read the queue: %s", mdb_strerror(rc));
	return -1;
}

static int
get_number(MDB_txn *txn, MDB_dbi dbi, uint64_t key, MDB_val *value)
{
	MDB_val k = { .mv_size = sizeof key, .mv_data = &key };

	return mdb_get(txn, dbi, &k, value);
}

static int
damaged(uint64_t key, const char *what, struct err *err)
{
	err_set(err, "message %llu: its %s is damaged", (unsigned long long)key,
	    what);
	return -1;
}

/* What of a message is wanted. */
enum look_for {
	ALL,
	CONTENT,        /* and what the sender's side said */
	FIELDS,         /* without headers and body */
	CHECKED_FIELDS, /* but they must be whole */
};

static int
get_mark(MDB_txn *txn, const struct store_layout *layout, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err)
{
	MDB_val v;
	int rc = get_number(txn, layout->mark, key, &v);

	if (rc == 0 && !mark_apply(v.mv_data, v.mv_size, arena, e))
		return damaged(key, "mark", err);
	return rc == MDB_NOTFOUND ? 1 : outcome(rc, err);
}

static int
look(struct store_reader *reader, uint64_t key, struct arena *arena,
    struct envelope *e, enum look_for what, struct err *err)
{
	static bool (*const parse[])(const char *data, size_t n,
	    struct arena *arena, struct envelope *e) = {
		[ALL] = envelope_parse,
		[CONTENT] = envelope_parse_content,
		[FIELDS] = envelope_peek,
		[CHECKED_FIELDS] = envelope_parse,
	};
	MDB_txn *txn = begin(reader, err);
	MDB_val v;
	int rc;

	if (txn == NULL)
		return -1;
	rc = outcome(get_number(txn, reader->layout.message, key, &v), err);
	if (rc > 0 && !parse[what](v.mv_data, v.mv_size, arena, e))
		rc = damaged(key, "record", err);
	if (rc > 0 && what != CONTENT)
		rc = get_mark(txn, &reader->layout, key, arena, e, err);
	if (rc > 0 && (what == ALL || what == CONTENT)) {
		e->headers = arena_strndup(arena, e->headers, e->nheaders);
		e->body = arena_strndup(arena, e->body, e->nbody);
	} else {
		/* What they point to goes with the transaction. */
		e->headers = e->body = "";
	}
	end(reader, txn);
	return rc;
}

int
store_reader_envelope(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err)
{
	return look(reader, key, arena, e, ALL, err);
}

int
store_reader_content(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err)
{
	return look(reader, key, arena, e, CONTENT, err);
}

int
store_reader_peek(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err)
{
	return look(reader, key, arena, e, FIELDS, err);
}

int
store_reader_check(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err)
{
	return look(reader, key, arena, e, CHECKED_FIELDS, err);
}

int
store_reader_chunk(struct store_reader *reader, uint64_t key, uint64_t n,
    struct buf *out, struct err *err)
{
	unsigned char octets[STORE_LAYOUT_CHUNK];
	MDB_val k = { .mv_size = sizeof octets, .mv_data = octets }, v;
	MDB_txn *txn = begin(reader, err);
	size_t start = out->len, len;
	uint64_t sealed;
	int rc;

	if (txn == NULL)
		return -1;
	store_layout_chunk(key, n, octets);
	rc = outcome(mdb_get(txn, reader->layout.chunk, &k, &v), err);
	if (rc > 0)
		buf_put(out, v.mv_data, v.mv_size);
	end(reader, txn);
	if (rc <= 0)
		return rc;
	len = out->len - start;
	if (len >= STORE_LAYOUT_SEAL) {
		len -= STORE_LAYOUT_SEAL;
		memcpy(&sealed, out->data + start + len, sizeof sealed);
		if (sealed == seal(n, out->data + start, len)) {
			buf_cut(out, start + len);
			return 1;
		}
	}
	buf_cut(out, start);
	return damaged(key, "body", err);
}

/* Does message ${key} itself say that this is its queue id?  Who asks for one
 * message must never get another one because its index is damaged. */
static int
is_named(MDB_txn *txn, const struct store_layout *layout, uint64_t key,
    const char *qid)
{
	struct arena *arena = arena_new();
	struct envelope e;
	MDB_val v;
	int rc = get_number(txn, layout->message, key, &v);

	if (rc == MDB_NOTFOUND)
		rc = MDB_CORRUPTED;
	/* A damaged record is still that message's. */
	if (rc == 0 && envelope_peek(v.mv_data, v.mv_size, arena, &e) &&
	    strcmp(e.qid, qid) != 0)
		rc = MDB_CORRUPTED;
	arena_free(arena);
	return rc;
}

int
store_reader_find(struct store_reader *reader, const char *qid, uint64_t *key,
    struct err *err)
{
	MDB_txn *txn = begin(reader, err);
	MDB_val k = { .mv_size = strlen(qid) }, v;
	int rc;

	if (txn == NULL)
		return -1;
	memcpy(&k.mv_data, &qid, sizeof qid);
	rc = k.mv_size > 0 ? mdb_get(txn, reader->layout.qid, &k, &v)
			   : MDB_NOTFOUND;
	if (rc == 0 && v.mv_size == sizeof *key) {
		memcpy(key, v.mv_data, sizeof *key);
		rc = is_named(txn, &reader->layout, *key, qid);
	} else if (rc == 0) {
		rc = MDB_CORRUPTED;
	}
	end(reader, txn);
	return outcome(rc, err);
}

int
store_reader_where(struct store_reader *reader, uint64_t key,
    struct store_place *place, struct err *err)
{
	MDB_txn *txn = begin(reader, err);
	MDB_val v;
	int rc;

	if (txn == NULL)
		return -1;
	rc = get_number(txn, reader->layout.message, key, &v);
	if (rc == 0)
		rc = store_layout_where(txn, &reader->layout, key, place);
	rc = outcome(rc, err);
	end(reader, txn);
	return rc;
}

int
store_reader_places(struct store_reader *reader, const struct store_place *from,
    struct store_place *places, int most, struct err *err)
{
	unsigned char octets[STORE_LAYOUT_PLACE];
	MDB_val k = { .mv_size = sizeof octets, .mv_data = octets }, v;
	MDB_txn *txn = begin(reader, err);
	MDB_cursor *cursor;
	int rc, n = 0;

	if (txn == NULL)
		return -1;
	store_layout_place(from, octets);
	rc = mdb_cursor_open(txn, reader->layout.place, &cursor);
	if (rc == 0) {
		rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
		for (; rc == 0 && n < most;
		     rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT))
			n += store_layout_place_get(
			    k.mv_data, k.mv_size, &places[n]);
		mdb_cursor_close(cursor);
	}
	end(reader, txn);
	return outcome(rc, err) < 0 ? -1 : n;
}

int
store_reader_keys(struct store_reader *reader, uint64_t from, uint64_t *keys,
    int most, struct err *err)
{
	MDB_val k = { .mv_size = sizeof from, .mv_data = &from }, v;
	MDB_txn *txn = begin(reader, err);
	MDB_cursor *cursor;
	int rc, n = 0;

	if (txn == NULL)
		return -1;
	rc = mdb_cursor_open(txn, reader->layout.message, &cursor);
	if (rc == 0) {
		rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
		for (; rc == 0 && n < most;
		     rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT))
			if (k.mv_size == sizeof *keys)
				memcpy(&keys[n++], k.mv_data, sizeof *keys);
		mdb_cursor_close(cursor);
	}
	end(reader, txn);
	return outcome(rc, err) < 0 ? -1 : n;
}
