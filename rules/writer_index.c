/* writer_index.c - see writer_index.h. */
#include "rules/writer_index.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "rules/index.h"
#include "rules/index_draft.h"
#include "rules/writer.h"

static const char suffix[] = ".widx";

char *
writer_index_path(const char *source)
{
	return writer_path(source, suffix);
}

char *
writer_index_foreign(const char *source)
{
	return writer_path(source, ".db");
}

static void
take_over(void *arg, const char *key, const char *value, unsigned line)
{
	index_draft_set(arg, key, value, line);
}

static int
load(const char *path, struct index_draft *draft, struct err *err)
{
	struct index *old = index_open(path, NULL, err);
	int result;

	if (old == NULL)
		return -1;
	result = index_each(old, take_over, draft, err);
	if (result != 0)
		err_add(err, "%s", path);
	index_close(old);
	return result;
}

/* Would an index hide what only Postfix's file has? */
static bool
would_hide(const char *source)
{
	char *path = writer_index_path(source);
	char *foreign = writer_index_foreign(source);
	bool hides = access(path, F_OK) != 0 && access(source, F_OK) != 0 &&
	    access(foreign, F_OK) == 0;

	free(path);
	free(foreign);
	return hides;
}

static void *
begin(const char *path, bool fresh, unsigned mode, struct err *err)
{
	if (!fresh && would_hide(path)) {
		err_set(err,
		    "there is only %s.db, which is not changed; make a text of "
		    "it first (postmap -s)",
		    path);
		return NULL;
	}
	return writer_begin(writer_index_path(path), fresh, mode, load, err);
}

static int
commit(void *state, struct err *err)
{
	struct writer *w = state;
	int result = index_draft_save(w->draft, w->path, w->mode, err);

	writer_abort(w);
	return result;
}

const struct table_writer writer_index = {
	.begin = begin,
	.put = writer_put,
	.drop = writer_drop,
	.commit = commit,
	.abort = writer_abort,
	.suffix = suffix,
};
