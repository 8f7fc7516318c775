/* fs_calls.c - stands between a program and libc where the program changes a
 * file system, counts, and stops the program at the call that a test has
 * chosen (hostile 93-95).
 *
 * All processes of a gateway count together, in a page that the test has made
 * and that FS_CALLS_PAGE names.  A call counts if it changes a file of a device
 * that the page names; the process that comes to number "stop" is stopped
 * before it makes that call (a file that it creates is there already). */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "t/preload/shared_page.h"

enum { DEVICES = 2 };

/* As t/lib/Weir/PowerCut.pm writes and reads it. */
struct page {
	_Atomic int64_t stop, count, stopped;
	int64_t devices[DEVICES];
};

static struct page *page;

__attribute__((constructor)) static void
begin(void)
{
	page = shared_page("FS_CALLS_PAGE", sizeof *page);
}

static void
call(const struct stat *st)
{
	bool ours = false;

	for (int i = 0; i < DEVICES; i++)
		ours = ours || (int64_t)st->st_dev == page->devices[i];
	if (!ours || atomic_fetch_add(&page->count, 1) + 1 != page->stop)
		return;
	atomic_store(&page->stopped, 1);
	(void)raise(SIGSTOP);
}

static void
call_fd(int fd)
{
	struct stat st;

	if (page != NULL && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		call(&st);
}

static void
call_dir(int fd)
{
	struct stat st;

	if (page != NULL && fstat(fd, &st) == 0)
		call(&st);
}

static void
call_path(int dir, const char *path)
{
	struct stat st;

	if (page != NULL && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		call(&st);
}

/* Find libc's function of that name once; dlsym() gives an object's address. */
#define FIND(name, next)                                                       \
	do {                                                                   \
		void *symbol;                                                  \
		if ((next) != NULL)                                            \
			break;                                                 \
		symbol = dlsym(RTLD_NEXT, name);                               \
		memcpy(&(next), &symbol, sizeof symbol);                       \
	} while (0)

/* A change of what a descriptor is open on. */
#define OF_FD(type, name, parameters, arguments, fd)                           \
	type name parameters                                                   \
	{                                                                      \
		static __typeof__(&(name)) next;                               \
		FIND(#name, next);                                             \
		call_fd(fd);                                                   \
		return next arguments;                                         \
	}

/* A change of a name that is there. */
#define OF_NAME(name, parameters, arguments, dir, path)                        \
	int name parameters                                                    \
	{                                                                      \
		static __typeof__(&(name)) next;                               \
		FIND(#name, next);                                             \
		call_path(dir, path);                                          \
		return next arguments;                                         \
	}

/* clang-format off */
OF_FD(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n), fd)
OF_FD(ssize_t, pwrite, (int fd, const void *buf, size_t n, off_t offset),
    (fd, buf, n, offset), fd)
OF_FD(ssize_t, pwrite64, (int fd, const void *buf, size_t n, off_t offset),
    (fd, buf, n, offset), fd)
OF_FD(ssize_t, writev, (int fd, const struct iovec *iovec, int count),
    (fd, iovec, count), fd)
OF_FD(ssize_t, pwritev, (int fd, const struct iovec *iovec, int count,
    off_t offset), (fd, iovec, count, offset), fd)
OF_FD(int, fdatasync, (int fildes), (fildes), fildes)
OF_FD(int, ftruncate, (int fd, off_t length), (fd, length), fd)
OF_FD(int, posix_fallocate, (int fd, off_t offset, off_t len),
    (fd, offset, len), fd)
OF_NAME(link, (const char *from, const char *to), (from, to), AT_FDCWD, from)
OF_NAME(linkat, (int fromfd, const char *from, int tofd, const char *to,
    int flags), (fromfd, from, tofd, to, flags), fromfd, from)
OF_NAME(rename, (const char *old, const char *new), (old, new), AT_FDCWD, old)
OF_NAME(renameat, (int oldfd, const char *old, int newfd, const char *new),
    (oldfd, old, newfd, new), oldfd, old)
OF_NAME(unlink, (const char *name), (name), AT_FDCWD, name)
OF_NAME(unlinkat, (int fd, const char *name, int flag), (fd, name, flag), fd,
    name)
/* clang-format on */

/* Of directories, too: that makes names last. */
int
fsync(int fd)
{
	static __typeof__(&fsync) next;

	FIND("fsync", next);
	call_dir(fd);
	return next(fd);
}

int
openat(int fd, const char *file, int oflag, ...)
{
	static __typeof__(&openat) next;
	mode_t mode = 0;
	va_list list;
	int opened;

	FIND("openat", next);
	if ((oflag & O_CREAT) != 0) {
		va_start(list, oflag);
		mode = va_arg(list, mode_t);
		va_end(list);
	}
	opened = next(fd, file, oflag, mode);
	if (opened >= 0 && (oflag & O_CREAT) != 0)
		call_fd(opened);
	return opened;
}
