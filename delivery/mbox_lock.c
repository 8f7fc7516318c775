/* mbox_lock.c - see mbox_lock.h. */
#include "delivery/mbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "delivery/mailbox.h"

static void
wait_for(int64_t ns)
{
	struct timespec t = { .tv_sec = ns / CLOCK_SECOND,
		.tv_nsec = ns % CLOCK_SECOND };

	(void)nanosleep(&t, NULL);
}

static bool
is_busy(int error)
{
	return error == EAGAIN || error == EACCES || error == EINTR;
}

static int
lock_once(unsigned locks, int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if ((locks & MAILBOX_FLOCK) != 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno;
	if ((locks & MAILBOX_FCNTL) != 0 && fcntl(fd, F_SETLK, &whole) != 0)
		return errno;
	return 0;
}

int
mbox_lock_file(const struct mailbox *m, int fd)
{
	for (unsigned i = 1;; i++) {
		int e = lock_once(m->locks, fd);

		if (e == 0 || !is_busy(e) || i >= m->attempts)
			return e;
		/* Not to hold one kind while waiting for the other. */
		(void)flock(fd, LOCK_UN);
		wait_for(m->delay);
	}
}

/* Forgotten by a program that died. */
static bool
is_stale(const struct mailbox *m, int dir, const char *lock)
{
	struct stat st;

	return fstatat(dir, lock, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    clock_now() - (int64_t)st.st_mtime * CLOCK_SECOND > m->stale;
}

int
mbox_lock_dot(const struct mailbox *m, int dir, const char *name)
{
	int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, fd;
	char lock[300];

	if ((m->locks & MAILBOX_DOTLOCK) == 0)
		return 0;
	if (snprintf(lock, sizeof lock, "%s.lock", name) >= (int)sizeof lock)
		return ENAMETOOLONG;
	for (unsigned i = 1;; i++) {
		fd = openat(dir, lock, how, 0600);
		if (fd >= 0)
			return close(fd) == 0 ? 0 : errno;
		if (errno != EEXIST)
			return errno;
		if (is_stale(m, dir, lock) && unlinkat(dir, lock, 0) == 0)
			continue;
		if (i >= m->attempts)
			return EEXIST;
		wait_for(m->delay);
	}
}

void
mbox_lock_undot(const struct mailbox *m, int dir, const char *name)
{
	char lock[300];

	if ((m->locks & MAILBOX_DOTLOCK) != 0 &&
	    snprintf(lock, sizeof lock, "%s.lock", name) < (int)sizeof lock)
		(void)unlinkat(dir, lock, 0);
}
