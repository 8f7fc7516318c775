/* writer_cdb.c - see writer_cdb.h.
 *
 * Keys and values are stored without a NUL at their ends, as Postfix does, so
 * that other programs can read the file. */
#include "rules/writer_cdb.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "rules/cdb.h"
#include "rules/index_draft.h"
#include "rules/replacement.h"
#include "rules/writer.h"

static const char suffix[] = ".cdb";

char *
writer_cdb_path(const char *source)
{
	return writer_path(source, suffix);
}

static void
load_pair(void *arg, const char *key, const char *value, unsigned line)
{
	struct index_draft *draft = arg;

	/* Of two with one key the first one counts. */
	if (!index_draft_has(draft, key))
		index_draft_set(draft, key, value, line);
}

/* The writer holds the file's lock. */
static int
load(const char *path, struct index_draft *draft, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = errno;
	struct cdb cdb;

	if (fd >= 0) {
		error = cdb_open(&cdb, fd);
		if (error == 0)
			error = cdb_each(&cdb, load_pair, draft);
		(void)close(fd);
	}
	if (error == 0)
		return 0;
	err_set(err, "open database %s: %s", path, err_errno(error));
	return -1;
}

static void *
begin(const char *path, bool fresh, unsigned mode, struct err *err)
{
	return writer_begin(writer_cdb_path(path), fresh, mode, load, err);
}

static bool
put_pair(void *arg, const char *key, const char *value, unsigned line)
{
	(void)line;
	cdb_add(arg, key, value);
	return true;
}

static int
commit(void *state, struct err *err)
{
	struct writer *w = state;
	struct buf octets = { 0 };
	struct cdb_draft draft = { .octets = &octets };
	struct replacement r;
	int error, result = -1;

	if (replacement_begin(&r, w->path, w->mode, err) != 0) {
		writer_abort(w);
		return -1;
	}
	(void)index_draft_each(w->draft, put_pair, &draft);
	error = cdb_finish(&draft);
	if (error != 0)
		err_set(err, "write %s: %s", w->path, err_errno(error));
	else
		result = replacement_write(&r, octets.data, octets.len, err);
	if (result == 0)
		result = replacement_commit(&r, err);
	else
		replacement_abort(&r);
	buf_free(&octets);
	writer_abort(w);
	return result;
}

const struct table_writer writer_cdb = {
	.begin = begin,
	.put = writer_put,
	.drop = writer_drop,
	.commit = commit,
	.abort = writer_abort,
	.suffix = suffix,
	.spoken = TABLE_AS_TEXT,
};
