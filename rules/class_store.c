/* class_store.c - see class_store.h. */
#include "rules/class_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "rules/fold.h"
#include "rules/index.h"
#include "rules/index_draft.h"

/* A change: the directory is locked, since the file itself is replaced. */
struct change {
	struct arena *arena;
	const char *path;
	struct index *old; /* NULL: there is no file yet */
	struct index_draft *draft;
	int lock;
};

static void
take_over(void *arg, const char *key, const char *value, unsigned line)
{
	index_draft_set(arg, key, value, line);
}

static bool
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 || errno != ENOENT;
}

static const char *
directory_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return slash == path
	    ? "/"
	    : arena_strndup(arena, path, (size_t)(slash - path));
}

static int
lock(struct change *c, struct err *err)
{
	const char *directory = directory_of(c->arena, c->path);
	int result;

	c->lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->lock < 0) {
		err_set(err, "%s: %s", directory, err_errno(errno));
		return -1;
	}
	do
		result = flock(c->lock, LOCK_EX);
	while (result != 0 && errno == EINTR);
	if (result != 0)
		err_set(err, "lock %s: %s", directory, err_errno(errno));
	return result;
}

static void
end(struct change *c)
{
	index_close(c->old);
	index_draft_free(c->draft);
	if (c->lock >= 0)
		(void)close(c->lock);
	arena_free(c->arena);
}

static int
begin(struct change *c, const char *path, struct err *err)
{
	*c = (struct change){
		.arena = arena_new(),
		.path = path,
		.draft = index_draft_new(),
		.lock = -1,
	};
	if (lock(c, err) != 0)
		return -1;
	if (!exists(path))
		return 0;
	c->old = index_open(path, NULL, err);
	if (c->old == NULL)
		return -1;
	if (index_each(c->old, take_over, c->draft, err) == 0)
		return 0;
	err_add(err, "%s", path);
	return -1;
}

int
class_store_set(
    const char *path, const char *user, const char *class, struct err *err)
{
	struct change c;
	int result = begin(&c, path, err);

	if (result == 0) {
		index_draft_set(c.draft, fold_key(c.arena, user), class, 0);
		/* The roles, which are other users, read it. */
		result = index_draft_save(c.draft, path, 0644, err);
	}
	end(&c);
	return result;
}

int
class_store_unset(
    const char *path, const char *user, const char *class, struct err *err)
{
	struct table_value value = { NULL, NULL, 0 };
	struct change c;
	const char *key;
	int result = begin(&c, path, err);

	if (result == 0) {
		key = fold_key(c.arena, user);
		result = c.old == NULL ||
		    index_find(c.old, c.arena, key, &value) != TABLE_FOUND ||
		    (class != NULL && strcmp(class, value.text) != 0);
		if (result == 0) {
			(void)index_draft_drop(c.draft, key);
			result = index_draft_save(c.draft, path, 0644, err);
		}
	}
	end(&c);
	return result;
}

int
class_store_each(const char *path,
    void (*fn)(void *arg, const char *user, const char *class, unsigned line),
    void *arg, struct err *err)
{
	struct index *index;
	int result;

	if (!exists(path))
		return 0;
	index = index_open(path, NULL, err);
	if (index == NULL)
		return -1;
	result = index_each(index, fn, arg, err);
	if (result != 0)
		err_add(err, "%s", path);
	index_close(index);
	return result;
}
