/* berkeley.c - see berkeley.h. */
#include "rules/berkeley.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "rules/client_library.h"
#include "rules/index_draft.h"
#include "rules/reader_lock.h"
#include "rules/stamp.h"

enum { MOST_DAMAGED = 16 };

static struct {
	__typeof__(db_create) *create;
	__typeof__(db_strerror) *strerror;
} berkeley;

static struct client_library library = {
	.files = (const char *const[]){ "libdb-5.3.so", NULL },
	.package = "libdb5.3",
	.symbols =
	    (const struct client_library_symbol[]){
		{ "db_create", offsetof(__typeof__(berkeley), create) },
		{ "db_strerror", offsetof(__typeof__(berkeley), strerror) },
		{ NULL, 0 } },
	.functions = &berkeley,
	.lock = PTHREAD_MUTEX_INITIALIZER,
};

/* The library's own words, which go to stdout and stderr else. */
static void
ignore_error(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	(void)text;
}

static void
ignore_message(const DB_ENV *env, const char *text)
{
	(void)env;
	(void)text;
}

/* A handle whose cache holds the whole file: what does not fit there would go
 * to temporary files. */
static DB *
new_handle(const struct stat *st, struct err *err)
{
	enum { LEAST = 1 << 20, GIGABYTE = 1 << 30 };
	uint64_t cache = (uint64_t)st->st_size * 2 + LEAST;
	int error;
	DB *db;

	error = berkeley.create(&db, NULL, 0);
	if (error != 0) {
		err_set(err, "%s", berkeley.strerror(error));
		return NULL;
	}
	db->set_errcall(db, ignore_error);
	db->set_msgcall(db, ignore_message);
	error = db->set_cachesize(
	    db, (uint32_t)(cache / GIGABYTE), (uint32_t)(cache % GIGABYTE), 1);
	if (error == 0)
		return db;
	err_set(err, "%s", berkeley.strerror(error));
	(void)db->close(db, 0);
	return NULL;
}

/* The last files that were found to be damaged.  The library leaks memory
 * when it finds that, and a table that cannot be asked is tried again and
 * again: each of them is looked at once. */
static struct {
	pthread_mutex_t lock;
	struct stamp files[MOST_DAMAGED];
	unsigned next;
} damaged = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool
is_known(const struct stamp *stamp)
{
	bool known = false;

	(void)pthread_mutex_lock(&damaged.lock);
	for (size_t i = 0; i < MOST_DAMAGED; i++)
		known = known || stamp_same(&damaged.files[i], stamp);
	(void)pthread_mutex_unlock(&damaged.lock);
	return known;
}

static void
remember(const struct stamp *stamp)
{
	(void)pthread_mutex_lock(&damaged.lock);
	damaged.files[damaged.next++ % MOST_DAMAGED] = *stamp;
	(void)pthread_mutex_unlock(&damaged.lock);
}

/* The handle is gone when it returns, as the library has it. */
static int
verify(const char *path, const struct stat *st, struct err *err)
{
	struct stamp stamp = stamp_of(st);
	int error = DB_VERIFY_BAD;
	DB *db;

	if (!is_known(&stamp)) {
		db = new_handle(st, err);
		if (db == NULL)
			return -1;
		error = db->verify(db, path, NULL, NULL, 0);
		if (error == 0)
			return 0;
		remember(&stamp);
	}
	err_set(err, "%s",
	    error == DB_VERIFY_BAD ? "damaged" : berkeley.strerror(error));
	return -1;
}

/* Postfix stores keys and values with a NUL at the end, or without. */
static const char *
text_of(struct arena *arena, const DBT *octets)
{
	return arena_strndup(
	    arena, octets->data, strnlen(octets->data, octets->size));
}

static int
take_all(DB *db, struct index_draft *draft)
{
	struct arena *arena = arena_new();
	DBT key = { 0 }, value = { 0 };
	DBC *cursor = NULL;
	int error = db->cursor(db, NULL, &cursor, 0);

	while (error == 0 &&
	    (error = cursor->get(cursor, &key, &value, DB_NEXT)) == 0) {
		index_draft_set(
		    draft, text_of(arena, &key), text_of(arena, &value), 0);
		arena_reset(arena);
	}
	if (cursor != NULL)
		(void)cursor->close(cursor);
	arena_free(arena);
	return error == DB_NOTFOUND ? 0 : error;
}

static int
take_file(const char *path, const struct stat *st, struct index_draft *draft,
    struct err *err)
{
	DB *db = new_handle(st, err);
	int error;

	if (db == NULL)
		return -1;
	error = db->open(db, NULL, path, NULL, DB_UNKNOWN, DB_RDONLY, 0);
	if (error == 0)
		error = take_all(db, draft);
	(void)db->close(db, DB_NOSYNC);
	if (error == 0)
		return 0;
	err_set(err, "%s", berkeley.strerror(error));
	return -1;
}

/* Is the file at ${path} the one that has been locked? */
static bool
is_there(const char *path, const struct stat *locked)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == locked->st_dev &&
	    st.st_ino == locked->st_ino;
}

/* With the lock of ${fd}, which is ${path}. */
static int
read_locked(int fd, const char *path, struct index_draft *draft,
    struct stat *st, struct err *err)
{
	if (!reader_lock_take(fd, READER_LOCK_FLOCK)) {
		err_set(err, "locked by a writer");
		return -1;
	}
	if (fstat(fd, st) != 0 || !is_there(path, st)) {
		err_set(err, "replaced while it was opened");
		return -1;
	}
	return verify(path, st, err) == 0 ? take_file(path, st, draft, err)
					  : -1;
}

int
berkeley_read(const char *path, struct index_draft *draft, struct stat *st,
    struct err *err)
{
	int result = -1, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		err_set(err, "%s", err_errno(errno));
	} else {
		if (client_library_open(&library, err) == 0)
			result = read_locked(fd, path, draft, st, err);
		(void)close(fd);
	}
	if (result == 0)
		return 0;
	err_add(err, "open database %s", path);
	return -1;
}
