/* state.c - see state.h. */
#include "base/state.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/state_mark.h"
#include "base/state_parts.h"

enum {
	MOST_PATH = 4096,
	SWEEP = 1000,
	SWEEPS = 30, /* in which all entries are looked at */
	MOST_READERS = 512,
	SUDDEN_ENDS = 3, /* in a row; then it may be the file's fault */
};

#define STATE_SIZE ((size_t)1 << 30)
#define COPY_AGE   (3600 * CLOCK_SECOND)

static void
path_of(char path[MOST_PATH], const char *dir, const char *name)
{
	(void)snprintf(path, MOST_PATH, "%s/%s", dir, name);
}

/* The first process to open the directory decides what to start from.  LMDB
 * believes its pages: one that is damaged can end every process that reads it,
 * so that a file whose users keep ending is left behind. */
static void
recover(struct state *s)
{
	char data[MOST_PATH], copy[MOST_PATH];

	path_of(data, s->dir, "data.mdb");
	path_of(copy, s->dir, "copy.mdb");
	if (!state_mark_whole(s->dir, &s->ends) || s->ends > SUDDEN_ENDS) {
		s->ends = 0;
		if (rename(copy, data) != 0)
			(void)unlink(data);
	}
	state_mark_used(s->dir, s->ends);
}

/* 0, or LMDB's error. */
static int
open_maps(struct state *s)
{
	MDB_txn *txn;
	int e;

	if ((e = mdb_env_create(&s->env)) != 0 ||
	    (e = mdb_env_set_mapsize(s->env, STATE_SIZE)) != 0 ||
	    (e = mdb_env_set_maxdbs(s->env, 4)) != 0 ||
	    (e = mdb_env_set_maxreaders(s->env, MOST_READERS)) != 0 ||
	    (e = mdb_env_open(s->env, s->dir, MDB_NOSYNC | MDB_NOTLS, 0600)) !=
		0 ||
	    (e = mdb_txn_begin(s->env, NULL, 0, &txn)) != 0)
		return e;
	if ((e = mdb_dbi_open(txn, "maps", MDB_CREATE, &s->maps)) != 0 ||
	    (e = mdb_dbi_open(txn, "rings", MDB_CREATE, &s->rings)) != 0) {
		mdb_txn_abort(txn);
		return e;
	}
	return mdb_txn_commit(txn);
}

/* ${alone}: nobody else has the file, so that one which is none of LMDB's, or
 * that it finds damaged, may go. */
static int
open_env(struct state *s, bool alone, struct err *err)
{
	char data[MOST_PATH];
	int e = open_maps(s);

	if (alone &&
	    (e == MDB_INVALID || e == MDB_CORRUPTED ||
		e == MDB_VERSION_MISMATCH || e == MDB_PAGE_NOTFOUND)) {
		mdb_env_close(s->env);
		s->env = NULL;
		path_of(data, s->dir, "data.mdb");
		(void)unlink(data);
		e = open_maps(s);
	}
	if (e != 0) {
		err_set(err, "%s: %s", s->dir, mdb_strerror(e));
		return -1;
	}
	(void)mdb_reader_check(s->env, NULL);
	return 0;
}

static void
release(struct state *s)
{
	if (s->env != NULL)
		mdb_env_close(s->env);
	if (s->lock >= 0)
		(void)close(s->lock);
	(void)pthread_mutex_destroy(&s->sweeping);
	free(s->dir);
	free(s);
}

/* Have the lock together with other users. */
static int
share(struct state *s, struct err *err)
{
	while (flock(s->lock, LOCK_SH) != 0)
		if (errno != EINTR) {
			err_set(err, "%s: %s", s->dir, err_errno(errno));
			return -1;
		}
	return 0;
}

struct state *
state_open(const char *dir, struct err *err)
{
	struct state *s = calloc(1, sizeof *s);
	char path[MOST_PATH];
	bool alone;

	if (s == NULL || (s->dir = strdup(dir)) == NULL)
		fatal("out of memory");
	(void)pthread_mutex_init(&s->sweeping, NULL);
	s->copied = clock_now();
	path_of(path, dir, "users");
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0) {
		err_set(err, "%s: %s", path, err_errno(errno));
		release(s);
		return NULL;
	}
	/* Alone: nobody else has it open, and nobody opens it meanwhile.
	 * Between giving up the one lock and having the other, somebody may be
	 * alone as well; he finds the mark of this boot. */
	alone = flock(s->lock, LOCK_EX | LOCK_NB) == 0;
	if (alone)
		recover(s);
	if ((!alone && share(s, err) != 0) || open_env(s, alone, err) != 0 ||
	    (alone && share(s, err) != 0)) {
		release(s);
		return NULL;
	}
	return s;
}

void
state_close(struct state *s)
{
	if (s == NULL)
		return;
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0 &&
	    mdb_env_sync(s->env, 1) == 0)
		state_mark_clean(s->dir);
	release(s);
}

/* Keys are octets here, not strings. */
static void
put_octets(unsigned char *to, const void *from, size_t n)
{
	memcpy(to, from, n);
}

/* "map\0key"; a key too long for LMDB keeps its start and gets a hash. */
static MDB_val
make_key(unsigned char space[STATE_MOST_KEY], const char *map, const char *key)
{
	size_t m = strlen(map) + 1, k = strlen(key);
	uint64_t hash = UINT64_C(14695981039346656037);

	must(m < 64);
	memcpy(space, map, m);
	if (m + k <= STATE_MOST_KEY) {
		put_octets(space + m, key, k);
		return (MDB_val){ m + k, space };
	}
	for (const char *p = key; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	memcpy(space + m, key, STATE_MOST_KEY - m - sizeof hash);
	memcpy(space + STATE_MOST_KEY - sizeof hash, &hash, sizeof hash);
	return (MDB_val){ STATE_MOST_KEY, space };
}

int
state_get(struct state *s, const char *map, const char *key, int64_t now,
    struct arena *arena, char **value)
{
	unsigned char space[STATE_MOST_KEY];
	MDB_val k = make_key(space, map, key), v;
	int64_t expires;
	MDB_txn *txn;
	int e;

	if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
		return -1;
	e = mdb_get(txn, s->maps, &k, &v);
	if (e == 0 && v.mv_size < sizeof expires)
		e = MDB_CORRUPTED;
	if (e == 0) {
		memcpy(&expires, v.mv_data, sizeof expires);
		if (expires != 0 && expires <= now)
			e = MDB_NOTFOUND;
		else
			*value = arena_strndup(arena,
			    (char *)v.mv_data + sizeof expires,
			    v.mv_size - sizeof expires);
	}
	mdb_txn_abort(txn);
	return e == 0 ? 1 : e == MDB_NOTFOUND ? 0 : -1;
}

int
state_put(struct state *s, const char *map, const char *key, const char *value,
    int64_t expires)
{
	unsigned char space[STATE_MOST_KEY];
	MDB_val k = make_key(space, map, key), v;
	size_t n = value != NULL ? strlen(value) : 0;
	MDB_txn *txn;
	int e;

	if (state_group_begin(s, &txn) != 0)
		return -1;
	if (value == NULL) {
		e = mdb_del(txn, s->maps, &k, NULL);
		e = e == MDB_NOTFOUND ? 0 : e;
	} else {
		v.mv_size = sizeof expires + n;
		e = mdb_put(txn, s->maps, &k, &v, MDB_RESERVE);
		if (e == 0) {
			memcpy(v.mv_data, &expires, sizeof expires);
			memcpy((char *)v.mv_data + sizeof expires, value, n);
		}
	}
	return state_group_end(s, txn, e, true);
}

int
state_update(struct state *s, const char *map, const char *key,
    void (*change)(void *arg, const char *value, size_t n, struct buf *out),
    void *arg, int64_t expires)
{
	unsigned char space[STATE_MOST_KEY];
	MDB_val k = make_key(space, map, key), v;
	const size_t head = sizeof expires;
	struct buf new = { 0 };
	MDB_txn *txn;
	int e;

	if (state_group_begin(s, &txn) != 0)
		return -1;
	e = mdb_get(txn, s->maps, &k, &v);
	buf_put(&new, &expires, head);
	if (e == 0 && v.mv_size >= head)
		change(arg, (char *)v.mv_data + head, v.mv_size - head, &new);
	else
		change(arg, NULL, 0, &new);
	v = (MDB_val){ new.len, new.data };
	if (e == 0 || e == MDB_NOTFOUND)
		e = mdb_put(txn, s->maps, &k, &v, 0);
	buf_free(&new);
	return state_group_end(s, txn, e, true);
}

/* What is there of ${cell} and has not expired; 0, or LMDB's error. */
static int
read_cell(struct state *s, MDB_txn *txn, struct state_cell *cell, int64_t now)
{
	unsigned char space[STATE_MOST_KEY];
	MDB_val k = make_key(space, cell->map, cell->key), v;
	int64_t expires;
	int e = mdb_get(txn, s->maps, &k, &v);

	cell->value = NULL;
	cell->put = NULL;
	cell->n = cell->nput = 0;
	if (e != 0 || v.mv_size < sizeof expires)
		return e == MDB_NOTFOUND ? 0 : e;
	memcpy(&expires, v.mv_data, sizeof expires);
	if (expires != 0 && expires <= now)
		return 0;
	cell->value = (char *)v.mv_data + sizeof expires;
	cell->n = v.mv_size - sizeof expires;
	return 0;
}

static int
write_cell(struct state *s, MDB_txn *txn, const struct state_cell *cell)
{
	unsigned char space[STATE_MOST_KEY];
	MDB_val k = make_key(space, cell->map, cell->key);
	MDB_val v = { sizeof cell->expires + cell->nput, NULL };
	int e = mdb_put(txn, s->maps, &k, &v, MDB_RESERVE);

	if (e != 0)
		return e;
	memcpy(v.mv_data, &cell->expires, sizeof cell->expires);
	memcpy((char *)v.mv_data + sizeof cell->expires, cell->put, cell->nput);
	return 0;
}

int
state_change(struct state *s, struct state_cell *cells, size_t count,
    int64_t now, void (*change)(void *arg), void *arg)
{
	bool changed = false;
	MDB_txn *txn;
	int e = 0;

	if (state_group_begin(s, &txn) != 0)
		return -1;
	for (size_t i = 0; i < count && e == 0; i++)
		e = read_cell(s, txn, &cells[i], now);
	if (e == 0)
		change(arg);
	for (size_t i = 0; i < count && e == 0; i++) {
		if (cells[i].put == NULL)
			continue;
		e = write_cell(s, txn, &cells[i]);
		changed = true;
	}
	return state_group_end(s, txn, e, changed);
}

int
state_each(struct state *s, const char *map, int64_t now,
    void (*fn)(void *arg, const char *key, const char *value, size_t n),
    void *arg)
{
	unsigned char space[STATE_MOST_KEY];
	MDB_val k = make_key(space, map, ""), v;
	size_t n = k.mv_size, head = sizeof now;
	char key[STATE_MOST_KEY + 1];
	MDB_cursor *cursor;
	int64_t expires;
	MDB_txn *txn;
	int e;

	if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
		return -1;
	if (mdb_cursor_open(txn, s->maps, &cursor) != 0) {
		mdb_txn_abort(txn);
		return -1;
	}
	e = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; e == 0 && k.mv_size >= n && memcmp(k.mv_data, map, n) == 0;
	     e = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		(void)snprintf(key, sizeof key, "%.*s", (int)(k.mv_size - n),
		    (char *)k.mv_data + n);
		if (v.mv_size < head)
			continue;
		memcpy(&expires, v.mv_data, head);
		if (expires == 0 || expires > now)
			fn(arg, key, (char *)v.mv_data + head,
			    v.mv_size - head);
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return e == 0 || e == MDB_NOTFOUND ? 0 : -1;
}

/* Look at some entries, from where the last sweep stopped. */
static void
sweep_some(struct state *s, MDB_txn *txn, int64_t now)
{
	MDB_cursor *cursor;
	MDB_val k = { s->ncursor, s->cursor }, v;
	int64_t expires;
	int e;

	if (mdb_cursor_open(txn, s->maps, &cursor) != 0)
		return;
	e = mdb_cursor_get(
	    cursor, &k, &v, s->ncursor > 0 ? MDB_SET_RANGE : MDB_FIRST);
	s->ncursor = 0;
	for (int i = 0; e == 0 && i < SWEEP; i++) {
		expires = -1;
		if (v.mv_size >= sizeof expires)
			memcpy(&expires, v.mv_data, sizeof expires);
		if (expires != 0 && expires <= now)
			(void)mdb_cursor_del(cursor, 0);
		e = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	if (e == 0 && k.mv_size <= sizeof s->cursor) {
		memcpy(s->cursor, k.mv_data, k.mv_size);
		s->ncursor = k.mv_size;
	}
	mdb_cursor_close(cursor);
}

static void
sweep(struct state *s, int64_t now)
{
	MDB_txn *txn;

	if (state_group_begin(s, &txn) != 0)
		return;
	sweep_some(s, txn, now);
	if (state_group_end(s, txn, 0, true) != 0)
		s->ncursor = 0;
}

/* A copy that was synced is whole whatever happens to the original. */
static void
copy(struct state *s)
{
	char fresh[MOST_PATH], path[MOST_PATH];
	int fd, good;

	path_of(fresh, s->dir, "copy.new");
	path_of(path, s->dir, "copy.mdb");
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	good =
	    mdb_env_copyfd2(s->env, fd, MDB_CP_COMPACT) == 0 && fsync(fd) == 0;
	(void)close(fd);
	if (!good || rename(fresh, path) != 0)
		(void)unlink(fresh);
}

static size_t
entries(struct state *s)
{
	MDB_stat stat = { 0 };
	MDB_txn *txn;

	if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0)
		return 0;
	(void)mdb_stat(txn, s->maps, &stat);
	mdb_txn_abort(txn);
	return stat.ms_entries;
}

void
state_maintain(struct state *s, int64_t now)
{
	if (pthread_mutex_trylock(&s->sweeping) != 0)
		return;
	/* In turns, so that nobody waits for all of it. */
	for (size_t i = entries(s) / ((size_t)SWEEP * SWEEPS) + 1; i > 0; i--)
		sweep(s, now);
	(void)mdb_reader_check(s->env, NULL);
	/* A copy reads every page: a file that survives it is whole. */
	if (now - s->copied > COPY_AGE || s->ends > 0) {
		s->copied = now;
		copy(s);
		s->ends = 0;
		state_mark_used(s->dir, 0);
	}
	(void)pthread_mutex_unlock(&s->sweeping);
}
