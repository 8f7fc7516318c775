/* writer_lmdb.c - see writer_lmdb.h.
 *
 * A new file is written and put in place of the old one, so that a reader
 * never sees half of a table, and a writer that is killed leaves the old one.
 * Keys and values are stored with the NUL at their ends, which is what Postfix
 * does on this system. */
#include "rules/writer_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"
#include "rules/index_draft.h"
#include "rules/lmdb_file.h"
#include "rules/replacement.h"
#include "rules/writer.h"

static const char suffix[] = ".lmdb";

/* Postfix's lmdb_map_size, to begin with. */
enum { FIRST_MAP = 16 << 20 };

char *
writer_lmdb_path(const char *source)
{
	return writer_path(source, suffix);
}

static MDB_env *
new_env(void)
{
	MDB_env *env;

	if (mdb_env_create(&env) != 0)
		fatal("out of memory");
	return env;
}

static void
take_over(void *arg, const char *key, const char *value, unsigned line)
{
	index_draft_set(arg, key, value, line);
}

/* The writer holds the file's lock. */
static int
load(const char *path, struct index_draft *draft, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	const char *why = fd >= 0 ? NULL : err_errno(errno);
	struct lmdb_file file;

	if (why == NULL)
		why = lmdb_file_open(&file, fd);
	if (why == NULL)
		why = lmdb_file_each(&file, take_over, draft);
	if (fd >= 0)
		(void)close(fd);
	if (why == NULL)
		return 0;
	err_set(err, "open database %s: %s", path, why);
	return -1;
}

static void *
begin(const char *path, bool fresh, unsigned mode, struct err *err)
{
	return writer_begin(writer_lmdb_path(path), fresh, mode, load, err);
}

/* Putting pairs into a file. */
struct filling {
	MDB_txn *txn;
	MDB_dbi dbi;
	int error;
};

static bool
put_pair(void *arg, const char *key, const char *value, unsigned line)
{
	struct filling *f = arg;
	union {
		const char *text;
		void *data;
	} k = { key }, v = { value };
	MDB_val mdb_key = { strlen(key) + 1, k.data };
	MDB_val mdb_value = { strlen(value) + 1, v.data };

	(void)line;
	f->error = mdb_put(f->txn, f->dbi, &mdb_key, &mdb_value, 0);
	return f->error == 0;
}

static int
fill(const struct index_draft *draft, const char *path, size_t map)
{
	struct filling f = { NULL, 0, 0 };
	MDB_env *env = new_env();

	f.error = mdb_env_set_mapsize(env, map);
	if (f.error == 0)
		f.error =
		    mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
	if (f.error == 0)
		f.error = mdb_txn_begin(env, NULL, 0, &f.txn);
	if (f.error == 0)
		f.error = mdb_dbi_open(f.txn, NULL, 0, &f.dbi);
	if (f.error == 0 && index_draft_each(draft, put_pair, &f)) {
		f.error = mdb_txn_commit(f.txn);
		f.txn = NULL;
	}
	if (f.txn != NULL)
		mdb_txn_abort(f.txn);
	mdb_env_close(env);
	return f.error;
}

static int
commit(void *state, struct err *err)
{
	struct writer *w = state;
	struct replacement r;
	size_t map = FIRST_MAP;
	int error, result = -1;

	if (replacement_begin(&r, w->path, w->mode, err) != 0) {
		writer_abort(w);
		return -1;
	}
	while ((error = fill(w->draft, r.beside, map)) == MDB_MAP_FULL &&
	    ftruncate(r.fd, 0) == 0)
		map *= 2;
	if (error == 0) {
		result = replacement_commit(&r, err);
	} else {
		err_set(err, "write %s: %s", w->path, mdb_strerror(error));
		replacement_abort(&r);
	}
	writer_abort(w);
	return result;
}

const struct table_writer writer_lmdb = {
	.begin = begin,
	.put = writer_put,
	.drop = writer_drop,
	.commit = commit,
	.abort = writer_abort,
	.suffix = suffix,
	.spoken = TABLE_AS_SPEC,
};
