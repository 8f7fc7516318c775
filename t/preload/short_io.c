/* short_io.c - reads and writes that do less than they were asked for, or are
 * interrupted, by chance (hostile 104).
 *
 * Only what the kernel may do, too: streams, pipes and files may be read and
 * written in parts, but who does not wait gets all that is there; datagrams, counters and signals come whole, and so do
 * numbers in a pipe, files that are in memory only, and the lines of a log
 * (files that are appended to).  The test has made the page that SHORT_IO_PAGE
 * names, where all processes of a gateway count. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t/preload/shared_page.h"

/* As t/short_io.t writes and reads it. */
struct page {
	int64_t seed;
	_Atomic int64_t calls, shortened, interrupted;
};

enum {
	INTERRUPT = 8, /* one in so many is interrupted, */
	SHORTEN = 3,   /* ... and of the others is short */
	MOST = 64,     /* octets of a short one */
};

static struct page *page;

__attribute__((constructor)) static void
begin(void)
{
	page = shared_page("SHORT_IO_PAGE", sizeof *page);
}

/* The next of a series of numbers that the seed decides (splitmix64). */
static uint64_t
chance(void)
{
	uint64_t x = (uint64_t)page->seed +
	    (uint64_t)atomic_fetch_add(&page->calls, 1) * 0x9e3779b97f4a7c15U;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
	return x ^ (x >> 31);
}

static bool
comes_in_parts(int fd, int flags, size_t size)
{
	struct stat st;
	int type = 0;

	if (fstat(fd, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode))
		return (flags & O_APPEND) == 0 && st.st_nlink > 0;
	return (S_ISFIFO(st.st_mode) && size > sizeof(int64_t)) ||
	    (S_ISSOCK(st.st_mode) &&
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type,
		    &(socklen_t){ sizeof type }) == 0 &&
		type == SOCK_STREAM);
}

enum way { READ, WRITE };

/* How much of ${size} is done this time; -1 and EINTR: nothing. */
static ssize_t
part(int fd, size_t size, enum way way, int message_flags)
{
	int error = errno, flags = page != NULL ? fcntl(fd, F_GETFL) : -1;
	ssize_t all = size < SSIZE_MAX ? (ssize_t)size : SSIZE_MAX;
	bool ours = flags >= 0 && size > 0 && comes_in_parts(fd, flags, size);
	bool waits =
	    (flags & O_NONBLOCK) == 0 && (message_flags & MSG_DONTWAIT) == 0;
	uint64_t r;

	errno = error;
	/* A short read says that there is no more: epoll(7). */
	if (!ours || (way == READ && !waits))
		return all;
	r = chance();
	if (r % INTERRUPT == 0 && waits) {
		atomic_fetch_add(&page->interrupted, 1);
		errno = EINTR;
		return -1;
	}
	r = r / INTERRUPT;
	if (size == 1 || r % SHORTEN != 0)
		return all;
	r = 1 + r / SHORTEN % MOST;
	if (r >= size)
		return all;
	atomic_fetch_add(&page->shortened, 1);
	return (ssize_t)r;
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

#define IN_PARTS(name, parameters, arguments, size, way, flags)                \
	ssize_t name parameters                                                \
	{                                                                      \
		static __typeof__(&(name)) next;                               \
		ssize_t most = part(fd, size, way, flags);                     \
		FIND(#name, next);                                             \
		return most < 0 ? -1 : next arguments;                         \
	}

/* clang-format off */
IN_PARTS(read, (int fd, void *buf, size_t nbytes), (fd, buf, (size_t)most),
    nbytes, READ, 0)
IN_PARTS(write, (int fd, const void *buf, size_t n), (fd, buf, (size_t)most),
    n, WRITE, 0)
IN_PARTS(recv, (int fd, void *buf, size_t n, int flags),
    (fd, buf, (size_t)most, flags), n, READ, flags)
IN_PARTS(send, (int fd, const void *buf, size_t n, int flags),
    (fd, buf, (size_t)most, flags), n, WRITE, flags)
/* clang-format on */
