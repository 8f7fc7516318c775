/* writer.c - see writer.h. */
#include "rules/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"
#include "rules/index_draft.h"

char *
writer_path(const char *source, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s%s", source, suffix) < 0)
		fatal("out of memory");
	return path;
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

void
writer_abort(void *state)
{
	struct writer *w = state;

	if (w->lock >= 0)
		(void)close(w->lock);
	index_draft_free(w->draft);
	free(w->path);
	free(w);
}

struct writer *
writer_begin(char *path, bool fresh, unsigned mode,
    int (*load)(const char *path, struct index_draft *draft, struct err *err),
    struct err *err)
{
	struct writer *w = calloc(1, sizeof *w);

	if (w == NULL)
		fatal("out of memory");
	w->draft = index_draft_new();
	w->path = path;
	w->mode = mode;
	w->lock = -1;
	if (lock(w, err) == 0 &&
	    (fresh || w->lock < 0 || load(path, w->draft, err) == 0))
		return w;
	writer_abort(w);
	return NULL;
}

int
writer_put(void *state, const char *key, const char *value, unsigned line,
    bool replace, struct err *err)
{
	struct writer *w = state;
	bool there = index_draft_has(w->draft, key);

	(void)err;
	if (!there || replace)
		index_draft_set(w->draft, key, value, line);
	return there;
}

int
writer_drop(void *state, const char *key, struct err *err)
{
	struct writer *w = state;

	(void)err;
	return !index_draft_drop(w->draft, key);
}
