/* writer_index.c - see writer_index.h. */
#include "rules/writer_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"
#include "rules/index.h"
#include "rules/index_draft.h"

static const char suffix[] = ".widx";

struct writer {
	struct index_draft *draft;
	char *path;
	unsigned mode;
	int lock; /* the index that is to be replaced, locked; or -1 */
};

char *
writer_index_path(const char *source)
{
	size_t n = strlen(source);
	char *path = malloc(n + sizeof suffix);

	if (path == NULL)
		fatal("out of memory");
	memcpy(path, source, n);
	memcpy(path + n, suffix, sizeof suffix);
	return path;
}

static void
abort_writing(void *state)
{
	struct writer *w = state;

	if (w->lock >= 0)
		(void)close(w->lock);
	index_draft_free(w->draft);
	free(w->path);
	free(w);
}

/*
 * Wait until nobody else changes the index: two at the same time would each
 * replace what the other has added.  Who has waited may hold the lock of a
 * file that has been replaced meanwhile, and starts again with the new one.
 */
static int
lock(struct writer *w, struct err *err)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat mine, there;

	for (;;) {
		w->lock = open(w->path, O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (w->lock < 0 && errno == ENOENT)
			return 0;
		if (w->lock < 0)
			break;
		while (fcntl(w->lock, F_OFD_SETLKW, &all) != 0)
			if (errno != EINTR)
				goto failed;
		if (fstat(w->lock, &mine) == 0 && stat(w->path, &there) == 0 &&
		    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino)
			return 0;
		(void)close(w->lock);
	}
failed:
	err_set(err, "open database %s: %s", w->path, err_errno(errno));
	return -1;
}

static void
take_over(void *arg, const char *key, const char *value, unsigned line)
{
	index_draft_set(arg, key, value, line);
}

static void *
begin(const char *path, bool fresh, unsigned mode, struct err *err)
{
	struct writer *w = calloc(1, sizeof *w);
	struct index *old;
	struct stat st;
	int got;

	if (w == NULL)
		fatal("out of memory");
	w->draft = index_draft_new();
	w->path = writer_index_path(path);
	w->mode = mode;
	w->lock = -1;
	if (lock(w, err) != 0)
		goto failed;
	if (fresh || w->lock < 0)
		return w;
	old = index_open(w->path, &st, err);
	if (old == NULL)
		goto failed;
	w->mode = st.st_mode & 0777;
	got = index_each(old, take_over, w->draft, err);
	index_close(old);
	if (got == 0)
		return w;
	err_add(err, "%s", w->path);

failed:
	abort_writing(w);
	return NULL;
}

static int
put(void *state, const char *key, const char *value, unsigned line,
    bool replace, struct err *err)
{
	struct writer *w = state;
	bool there = index_draft_has(w->draft, key);

	(void)err;
	if (!there || replace)
		index_draft_set(w->draft, key, value, line);
	return there;
}

static int
drop(void *state, const char *key, struct err *err)
{
	struct writer *w = state;

	(void)err;
	return !index_draft_drop(w->draft, key);
}

static int
commit(void *state, struct err *err)
{
	struct writer *w = state;
	int result = index_draft_save(w->draft, w->path, w->mode, err);

	abort_writing(w);
	return result;
}

const struct table_writer writer_index = {
	.begin = begin,
	.put = put,
	.drop = drop,
	.commit = commit,
	.abort = abort_writing,
	.suffix = suffix,
};
