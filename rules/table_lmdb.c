/* table_lmdb.c - lmdb:/path: the LMDB file /path.lmdb, as Postfix makes it.
 *
 * Postfix keeps writers from readers by an fcntl lock on the whole file
 * instead of LMDB's own lock file, and so do we. */
#include "rules/table_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/lmdb_file.h"
#include "rules/reader_lock.h"
#include "rules/stamp.h"
#include "rules/writer_lmdb.h"

struct lmdb {
	pthread_mutex_t lock; /* one look-up at a time: they share fd's lock */
	int fd;
	struct stamp stamp;
	struct stamp_age age;
	char *source, *path;
};

/* NULL, or why not. */
static const char *
begin_reading(struct lmdb *t, struct lmdb_file *file)
{
	const char *why = "locked by a writer";

	(void)pthread_mutex_lock(&t->lock);
	if (reader_lock_take(t->fd, READER_LOCK_FCNTL)) {
		why = lmdb_file_open(file, t->fd);
		if (why == NULL)
			return NULL;
		reader_lock_drop(t->fd, READER_LOCK_FCNTL);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return why;
}

static void
end_reading(struct lmdb *t)
{
	reader_lock_drop(t->fd, READER_LOCK_FCNTL);
	(void)pthread_mutex_unlock(&t->lock);
}

static void
close_lmdb(void *state)
{
	struct lmdb *t = state;

	if (t->fd >= 0)
		(void)close(t->fd);
	(void)pthread_mutex_destroy(&t->lock);
	free(t->source);
	free(t->path);
	free(t);
}

static int
open_file(struct lmdb *t, struct err *err)
{
	struct lmdb_file file;
	const char *why;
	struct stat st;

	t->fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (t->fd < 0 || fstat(t->fd, &st) != 0) {
		err_set(err, "open database %s: %s", t->path, err_errno(errno));
		return -1;
	}
	t->stamp = stamp_of(&st);
	t->age.built = st.st_mtim;
	why = begin_reading(t, &file);
	if (why == NULL) {
		end_reading(t);
		return 0;
	}
	err_set(err, "open database %s: %s", t->path, why);
	return -1;
}

static void *
open_lmdb(struct table_opening *opening, struct err *err)
{
	struct lmdb *t = calloc(1, sizeof *t);

	if (t == NULL || (t->source = strdup(opening->name)) == NULL)
		fatal("out of memory");
	(void)pthread_mutex_init(&t->lock, NULL);
	t->path = writer_lmdb_path(opening->name);
	if (open_file(t, err) != 0) {
		close_lmdb(t);
		return NULL;
	}
	stamp_warn_older(&t->age, t->path, t->source);
	return t;
}

/* Postfix stores keys and values with a NUL at the end, or without. */
static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	struct lmdb *t = state;
	size_t n = strlen(key);
	struct lmdb_file file;
	const char *why = begin_reading(t, &file);

	if (why == NULL) {
		why = lmdb_file_find(&file, arena, key, n + 1, &value->text);
		if (why == NULL && value->text == NULL)
			why =
			    lmdb_file_find(&file, arena, key, n, &value->text);
		end_reading(t);
	}
	if (why == NULL)
		return value->text != NULL ? TABLE_FOUND : TABLE_NONE;
	value->text = arena_printf(arena, "%s: %s", t->path, why);
	return TABLE_FAILED;
}

/* Content that is written into the same file needs no opening. */
static bool
changed(void *state)
{
	struct lmdb *t = state;
	struct stat st;

	if (stat(t->path, &st) != 0)
		return false;
	if (st.st_dev != t->stamp.device || st.st_ino != t->stamp.inode)
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
	struct lmdb_file file;
	const char *why = begin_reading(t, &file);

	if (why == NULL) {
		why = lmdb_file_each(&file, fn, arg);
		end_reading(t);
	}
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
