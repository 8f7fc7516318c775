/* table_cdb.c - cdb:/path: the constant database /path.cdb, as Postfix or any
 * other program makes it. */
#include "rules/table_cdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/cdb.h"
#include "rules/stamp.h"
#include "rules/writer_cdb.h"

struct constant {
	struct cdb cdb;
	struct stamp stamp;
	struct stamp_age age;
	char *source, *path;
};

static void
close_cdb(void *state)
{
	struct constant *t = state;

	if (t->cdb.fd >= 0)
		(void)close(t->cdb.fd);
	free(t->source);
	free(t->path);
	free(t);
}

static int
open_file(struct constant *t, struct err *err)
{
	struct stat st;
	int error;

	t->cdb.fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (t->cdb.fd < 0 || fstat(t->cdb.fd, &st) != 0) {
		err_set(err, "open database %s: %s", t->path, err_errno(errno));
		return -1;
	}
	error = cdb_open(&t->cdb, t->cdb.fd);
	if (error != 0) {
		err_set(err, "dict_cdbq_open: unable to init %s: %s", t->path,
		    err_errno(error));
		return -1;
	}
	t->stamp = stamp_of(&st);
	t->age.built = st.st_mtim;
	stamp_warn_older(&t->age, t->path, t->source);
	return 0;
}

static void *
open_cdb(struct table_opening *opening, struct err *err)
{
	struct constant *t = calloc(1, sizeof *t);

	if (t == NULL || (t->source = strdup(opening->name)) == NULL)
		fatal("out of memory");
	t->path = writer_cdb_path(opening->name);
	if (open_file(t, err) == 0)
		return t;
	close_cdb(t);
	return NULL;
}

/* Others may have stored keys and values with a NUL at the end. */
static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct constant *t = state;
	size_t n = strlen(key);
	int error = cdb_find(&t->cdb, arena, key, n + 1, &value->text);

	if (error == 0 && value->text == NULL)
		error = cdb_find(&t->cdb, arena, key, n, &value->text);
	if (error == 0)
		return value->text != NULL ? TABLE_FOUND : TABLE_NONE;
	value->text = arena_printf(
	    arena, "error reading %s: %s", t->path, err_errno(error));
	return TABLE_FAILED;
}

static bool
changed(void *state)
{
	struct constant *t = state;

	if (stamp_replaced(&t->stamp, t->path))
		return true;
	stamp_warn_older(&t->age, t->path, t->source);
	return false;
}

static int
each(void *state,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	const struct constant *t = state;
	int error = cdb_each(&t->cdb, fn, arg);

	if (error == 0)
		return 0;
	err_set(err, "error reading %s: %s", t->path, err_errno(error));
	return -1;
}

const struct table_type table_cdb = {
	.name = "cdb",
	.flags = TABLE_FOLDS,
	.open = open_cdb,
	.find = find,
	.close = close_cdb,
	.changed = changed,
	.each = each,
	.writer = &writer_cdb,
};
