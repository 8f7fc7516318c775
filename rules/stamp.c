/* stamp.c - see stamp.h. */
#include "rules/stamp.h"

#include "base/clock.h"
#include "base/event.h"

enum { GRACE = 100 };

struct stamp
stamp_of(const struct stat *st)
{
	return (
	    struct stamp){ st->st_dev, st->st_ino, st->st_size, st->st_mtim };
}

struct stamp
stamp_take(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct stamp){ 0 };
	return stamp_of(&st);
}

static bool
same(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
	    a->modified.tv_nsec == b->modified.tv_nsec;
}

/* A time in the future says nothing about when it was written. */
static bool
is_fresh(const struct stat *st)
{
	int64_t age = clock_now() / CLOCK_SECOND - (int64_t)st->st_mtim.tv_sec;

	return age >= 0 && age <= 1;
}

bool
stamp_fresh(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && is_fresh(&st);
}

bool
stamp_changed(const struct stamp *stamp, const char *path)
{
	struct stat st;
	struct stamp now;

	if (stat(path, &st) != 0)
		return false;
	now = stamp_of(&st);
	return !same(stamp, &now) && !is_fresh(&st);
}

bool
stamp_replaced(const struct stamp *stamp, const char *path)
{
	struct stat st;
	struct stamp now;

	if (stat(path, &st) != 0)
		return false;
	now = stamp_of(&st);
	return !same(stamp, &now);
}

static bool
is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

void
stamp_warn_older(
    struct stamp_age *age, const char *database, const char *source)
{
	int64_t now = clock_now() / CLOCK_SECOND;
	struct stat st;

	if (stat(source, &st) != 0 || !is_before(&age->built, &st.st_mtim) ||
	    (int64_t)st.st_mtim.tv_sec > now - GRACE ||
	    !is_before(&age->spoken, &st.st_mtim))
		return;
	age->spoken = st.st_mtim;
	event_warning(
	    NULL, "database %s is older than source file %s", database, source);
}
