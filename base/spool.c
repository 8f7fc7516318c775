/* spool.c - see spool.h. */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"

enum { IN_MEMORY = 256 * 1024 };

struct spool {
	const char *directory;
	struct buf head;
	int fd; /* -1: all is in memory */
	uint64_t size;
};

struct spool *
spool_new(const char *directory)
{
	struct spool *s = calloc(1, sizeof *s);

	if (s == NULL)
		fatal("out of memory");
	s->directory = directory;
	s->fd = -1;
	return s;
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		(void)close(s->fd);
	buf_free(&s->head);
	free(s);
}

/* File systems without O_TMPFILE have files with a name for a moment. */
static int
open_named(const char *directory)
{
	struct buf name = { 0 };
	int fd;

	buf_printf(&name, "%s/spool.XXXXXX", directory);
	fd = mkostemp(name.data, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(name.data);
	buf_free(&name);
	return fd;
}

static int
open_file(struct spool *s, struct err *err)
{
	if (s->fd >= 0)
		return 0;
	s->fd = open(s->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd < 0)
		s->fd = open_named(s->directory);
	if (s->fd >= 0)
		return 0;
	err_set(err, "a file in %s: %s", s->directory, err_errno(errno));
	return -1;
}

int
spool_put(struct spool *s, const void *data, size_t n, struct err *err)
{
	const char *p = data;
	size_t room = IN_MEMORY - s->head.len;
	ssize_t done;

	if (room > n)
		room = n;
	buf_put(&s->head, p, room);
	s->size += room;
	for (p += room, n -= room; n > 0; p += done, n -= (size_t)done) {
		if (open_file(s, err) != 0)
			return -1;
		done = pwrite(s->fd, p, n, (off_t)(s->size - IN_MEMORY));
		if (done < 0 && errno == EINTR) {
			done = 0;
			continue;
		}
		if (done < 0) {
			err_set(err, "write: %s", err_errno(errno));
			return -1;
		}
		s->size += (uint64_t)done;
	}
	return 0;
}

ssize_t
spool_get(
    const struct spool *s, uint64_t at, void *data, size_t n, struct err *err)
{
	ssize_t done;

	if (at < s->head.len) {
		if (n > s->head.len - at)
			n = s->head.len - at;
		memcpy(data, s->head.data + at, n);
		return (ssize_t)n;
	}
	if (at >= s->size)
		return 0;
	do
		done = pread(s->fd, data, n, (off_t)(at - IN_MEMORY));
	while (done < 0 && errno == EINTR);
	if (done > 0)
		return done;
	err_set(err, "read: %s", done < 0 ? err_errno(errno) : "cut short");
	return -1;
}

uint64_t
spool_size(const struct spool *s)
{
	return s->size;
}
