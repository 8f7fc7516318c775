/* state_list.c - see state_list.h. */
#include "base/state_list.h"

#include <stdio.h>
#include <string.h>

#include "base/fatal.h"
#include "base/state.h"
#include "base/state_parts.h"

enum { AT_ONCE = 5000 }; /* so many are looked at in a transaction */

/* Going through a map: where it goes on, and what stands there. */
struct walk {
	const char *map;
	size_t n; /* octets of it, with its NUL */
	int64_t now;
	unsigned char next[STATE_MOST_KEY];
	size_t nnext;
	char key[STATE_MOST_KEY + 1];
	struct state_cell cell;
	bool expired;
};

static void
begin(struct walk *w, const char *map, int64_t now)
{
	size_t n = strlen(map) + 1;

	must(n < 64);
	*w = (struct walk){ .map = map, .n = n, .now = now, .nnext = n };
	memcpy(w->next, map, n);
}

/* Is what stands there one of the map's? */
static bool
read_one(struct walk *w, const MDB_val *k, const MDB_val *v)
{
	const size_t head = sizeof w->cell.expires;

	if (k->mv_size < w->n || k->mv_size > sizeof w->next ||
	    memcmp(k->mv_data, w->map, w->n) != 0)
		return false;
	(void)snprintf(w->key, sizeof w->key, "%.*s", (int)(k->mv_size - w->n),
	    (char *)k->mv_data + w->n);
	w->cell = (struct state_cell){ .map = w->map, .key = w->key };
	w->expired = true;
	if (v->mv_size < head)
		return true;
	memcpy(&w->cell.expires, v->mv_data, head);
	w->cell.value = (char *)v->mv_data + head;
	w->cell.n = v->mv_size - head;
	w->expired = w->cell.expires != 0 && w->cell.expires <= w->now;
	return true;
}

static int
open_cursor(struct state *s, unsigned flags, MDB_txn **txn, MDB_cursor **cursor)
{
	if (mdb_txn_begin(s->env, NULL, flags, txn) != 0)
		return -1;
	if (mdb_cursor_open(*txn, s->maps, cursor) == 0)
		return 0;
	mdb_txn_abort(*txn);
	return -1;
}

int
state_list_each(struct state *s, const char *map, int64_t now,
    void (*fn)(void *arg, const struct state_cell *cell), void *arg)
{
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_val k, v;
	struct walk w;
	int e;

	begin(&w, map, now);
	if (open_cursor(s, MDB_RDONLY, &txn, &cursor) != 0)
		return -1;
	k = (MDB_val){ w.nnext, w.next };
	e = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; e == 0 && read_one(&w, &k, &v);
	     e = mdb_cursor_get(cursor, &k, &v, MDB_NEXT))
		if (!w.expired)
			fn(arg, &w.cell);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return e == 0 || e == MDB_NOTFOUND ? 0 : -1;
}

/* Look at some; 1: there are more; 0: no; -1: it failed. */
static int
forget_some(struct state *s, struct walk *w,
    bool (*gone)(void *arg, const struct state_cell *cell), void *arg,
    int64_t *count)
{
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_val k = { w->nnext, w->next }, v;
	int64_t found = 0;
	int e, left = AT_ONCE;
	bool more = true;

	if (open_cursor(s, 0, &txn, &cursor) != 0)
		return -1;
	e = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	while (e == 0 && left-- > 0 && (more = read_one(w, &k, &v))) {
		bool expired = w->expired, go = gone(arg, &w->cell);

		if (go && (e = mdb_cursor_del(cursor, 0)) == 0)
			found += !expired;
		if (e == 0)
			e = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	more = more && e == 0 && k.mv_size <= sizeof w->next;
	if (more) {
		w->nnext = k.mv_size;
		memcpy(w->next, k.mv_data, k.mv_size);
	}
	mdb_cursor_close(cursor);
	if (e != 0 && e != MDB_NOTFOUND) {
		mdb_txn_abort(txn);
		return -1;
	}
	if (mdb_txn_commit(txn) != 0)
		return -1;
	*count += found;
	return more;
}

int64_t
state_list_forget(struct state *s, const char *map, int64_t now,
    bool (*gone)(void *arg, const struct state_cell *cell), void *arg)
{
	struct walk w;
	int64_t count = 0;
	int result;

	begin(&w, map, now);
	do
		result = forget_some(s, &w, gone, arg, &count);
	while (result > 0);
	return result < 0 ? -1 : count;
}
