/* table_lmdb.c - lmdb:/path: the LMDB file /path.lmdb, as Postfix makes it.
 *
 * Postfix keeps writers from readers by an fcntl lock on the whole file
 * instead of LMDB's own lock file, and so do we.  A file is opened once per
 * process, by device and inode. */
#include "rules/table_lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/reader_lock.h"
#include "rules/stamp.h"
#include "rules/writer_lmdb.h"

enum { MOST_KEY = 511 };

/* An open file, shared by all tables of it. */
struct file {
	struct file *next;
	unsigned tables; /* under files_lock */
	struct stamp stamp;
	pthread_mutex_t lock; /* one look-up at a time */
	MDB_env *env;
	int fd; /* of env */
	unsigned page;
};

struct lmdb {
	struct file *file;
	struct stamp_age age;
	char *source, *path;
};

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;

/* One transaction, with what it holds. */
struct reading {
	struct file *file;
	MDB_txn *txn;
	MDB_dbi dbi;
};

/* Pages that are mapped but not there any more would be a signal. */
static bool
is_whole(const struct file *f)
{
	MDB_envinfo info;
	struct stat st;

	return mdb_env_info(f->env, &info) == 0 && fstat(f->fd, &st) == 0 &&
	    (uint64_t)st.st_size >= ((uint64_t)info.me_last_pgno + 1) * f->page;
}

static int
begin_txn(struct reading *r)
{
	MDB_env *env = r->file->env;
	int error = mdb_txn_begin(env, NULL, MDB_RDONLY, &r->txn);

	/* Somebody has let it grow. */
	if (error == MDB_MAP_RESIZED &&
	    (error = mdb_env_set_mapsize(env, 0)) == 0)
		error = mdb_txn_begin(env, NULL, MDB_RDONLY, &r->txn);
	return error;
}

/* NULL, or why not. */
static const char *
begin_reading(struct file *f, struct reading *r)
{
	int error;

	*r = (struct reading){ .file = f };
	(void)pthread_mutex_lock(&f->lock);
	if (!reader_lock_take(f->fd, READER_LOCK_FCNTL)) {
		(void)pthread_mutex_unlock(&f->lock);
		return "locked by a writer";
	}
	error = is_whole(f) ? begin_txn(r) : MDB_CORRUPTED;
	if (error == 0)
		error = mdb_dbi_open(r->txn, NULL, 0, &r->dbi);
	if (error == 0)
		return NULL;
	if (r->txn != NULL)
		mdb_txn_abort(r->txn);
	reader_lock_drop(f->fd, READER_LOCK_FCNTL);
	(void)pthread_mutex_unlock(&f->lock);
	return mdb_strerror(error);
}

static void
end_reading(struct reading *r)
{
	mdb_txn_abort(r->txn);
	reader_lock_drop(r->file->fd, READER_LOCK_FCNTL);
	(void)pthread_mutex_unlock(&r->file->lock);
}

static void
free_file(struct file *f)
{
	if (f->env != NULL)
		mdb_env_close(f->env);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

static struct file *
open_file(const char *path, struct err *err)
{
	struct file *f = calloc(1, sizeof *f);
	struct stat st;
	MDB_stat stat_of;
	int error;

	if (f == NULL || mdb_env_create(&f->env) != 0)
		fatal("out of memory");
	(void)pthread_mutex_init(&f->lock, NULL);
	error = mdb_env_open(
	    f->env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0);
	if (error == 0)
		error = mdb_env_get_fd(f->env, &f->fd);
	if (error == 0)
		error = mdb_env_stat(f->env, &stat_of);
	if (error != 0 || fstat(f->fd, &st) != 0) {
		err_set(err, "open database %s: %s", path, mdb_strerror(error));
		free_file(f);
		return NULL;
	}
	f->page = stat_of.ms_psize;
	f->stamp = stamp_of(&st);
	if (!is_whole(f)) {
		err_set(err, "open database %s: cut short", path);
		free_file(f);
		return NULL;
	}
	return f;
}

/* The open file of ${path}, which is opened if it is not. */
static struct file *
take_file(const char *path, struct err *err)
{
	struct file *f;
	struct stat st;

	if (stat(path, &st) != 0) {
		err_set(err, "open database %s: %s", path, err_errno(errno));
		return NULL;
	}
	(void)pthread_mutex_lock(&files_lock);
	for (f = files; f != NULL; f = f->next)
		if (f->stamp.device == st.st_dev && f->stamp.inode == st.st_ino)
			break;
	if (f == NULL && (f = open_file(path, err)) != NULL) {
		f->next = files;
		files = f;
	}
	if (f != NULL)
		f->tables++;
	(void)pthread_mutex_unlock(&files_lock);
	return f;
}

static void
drop_file(struct file *f)
{
	struct file **link;

	(void)pthread_mutex_lock(&files_lock);
	if (--f->tables == 0) {
		for (link = &files; *link != f; link = &(*link)->next)
			;
		*link = f->next;
		free_file(f);
	}
	(void)pthread_mutex_unlock(&files_lock);
}

static void
close_lmdb(void *state)
{
	struct lmdb *t = state;

	if (t->file != NULL)
		drop_file(t->file);
	free(t->source);
	free(t->path);
	free(t);
}

static void *
open_lmdb(struct table_opening *opening, struct err *err)
{
	struct lmdb *t = calloc(1, sizeof *t);
	struct stat st;

	if (t == NULL || (t->source = strdup(opening->name)) == NULL)
		fatal("out of memory");
	t->path = writer_lmdb_path(opening->name);
	t->file = take_file(t->path, err);
	if (t->file == NULL || fstat(t->file->fd, &st) != 0) {
		close_lmdb(t);
		return NULL;
	}
	t->age.built = st.st_mtim;
	stamp_warn_older(&t->age, t->path, t->source);
	return t;
}

/* Postfix stores keys and values with a NUL at the end, or without. */
static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	struct lmdb *t = state;
	size_t len = strlen(key);
	MDB_val k = { len + 1, arena_strdup(arena, key) }, v;
	struct reading reading;
	const char *why;
	int error;

	if (len > MOST_KEY)
		return TABLE_NONE;
	why = begin_reading(t->file, &reading);
	if (why == NULL) {
		error = k.mv_size > MOST_KEY
		    ? MDB_NOTFOUND
		    : mdb_get(reading.txn, reading.dbi, &k, &v);
		if (error == MDB_NOTFOUND) {
			k.mv_size = len;
			error = mdb_get(reading.txn, reading.dbi, &k, &v);
		}
		if (error == 0)
			value->text = arena_strndup(
			    arena, v.mv_data, strnlen(v.mv_data, v.mv_size));
		else if (error != MDB_NOTFOUND)
			why = mdb_strerror(error);
		end_reading(&reading);
	}
	if (why != NULL) {
		value->text = arena_printf(arena, "%s: %s", t->path, why);
		return TABLE_FAILED;
	}
	return value->text != NULL ? TABLE_FOUND : TABLE_NONE;
}

/* Content that is written into the same file needs no opening. */
static bool
changed(void *state)
{
	struct lmdb *t = state;
	struct stat st;

	if (stat(t->path, &st) != 0)
		return false;
	if (st.st_dev != t->file->stamp.device ||
	    st.st_ino != t->file->stamp.inode)
		return true;
	t->age.built = st.st_mtim;
	stamp_warn_older(&t->age, t->path, t->source);
	return false;
}

static int
each(void *state,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	struct lmdb *t = state;
	struct arena *arena = arena_new();
	struct reading reading;
	const char *why = begin_reading(t->file, &reading);
	MDB_cursor *cursor = NULL;
	MDB_val k, v;
	int error = 0;

	if (why == NULL) {
		error = mdb_cursor_open(reading.txn, reading.dbi, &cursor);
		while (error == 0 &&
		    (error = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
			fn(arg,
			    arena_strndup(arena, k.mv_data,
				strnlen(k.mv_data, k.mv_size)),
			    arena_strndup(arena, v.mv_data,
				strnlen(v.mv_data, v.mv_size)),
			    0);
			arena_reset(arena);
		}
		if (cursor != NULL)
			mdb_cursor_close(cursor);
		end_reading(&reading);
		if (error != MDB_NOTFOUND)
			why = mdb_strerror(error);
	}
	arena_free(arena);
	if (why == NULL)
		return 0;
	err_set(err, "%s: %s", t->path, why);
	return -1;
}

const struct table_type table_lmdb = {
	.name = "lmdb",
	/* It may have to wait for a writer. */
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_lmdb,
	.find = find,
	.close = close_lmdb,
	.changed = changed,
	.each = each,
	.writer = &writer_lmdb,
};
