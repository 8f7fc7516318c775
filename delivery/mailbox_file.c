/* mailbox_file.c - see mailbox_file.h. */
#include "delivery/mailbox_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "delivery/line_copy.h"
#include "delivery/mailbox.h"

enum { PART = 64 * 1024 };

int
mailbox_file_sync(int dir)
{
	/* The descriptor may be one that only marks a place. */
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e;

	if (fd < 0)
		return errno;
	e = fsync(fd) != 0 ? errno : 0;
	(void)close(fd);
	return e;
}

/* One step down from ${dir}, which is closed. */
static int
step(int dir, const char *name, bool make)
{
	int how = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, e = 0;
	int fd = openat(dir, name, how);

	if (fd < 0 && errno == ENOENT && make) {
		if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
			e = errno;
		else
			e = mailbox_file_sync(dir);
		if (e == 0)
			fd = openat(dir, name, how);
	}
	if (fd < 0 && e == 0)
		e = errno;
	(void)close(dir);
	return fd < 0 ? -e : fd;
}

int
mailbox_file_directory(const char *base, const char *path, bool make)
{
	int dir = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[256];

	if (dir < 0)
		return -errno;
	while (dir >= 0 && *path != '\0') {
		size_t n = strcspn(path, "/");

		if (n >= sizeof name) {
			(void)close(dir);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		path += strspn(path, "/");
		if (n > 0)
			dir = step(dir, name, make);
	}
	return dir;
}

static int
write_all(int fd, struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(fd, b->data + done, b->len - done);

		if (n < 0 && errno != EINTR)
			return errno;
		done += n > 0 ? (size_t)n : 0;
	}
	buf_reset(b);
	return 0;
}

int
mailbox_file_copy(const struct mailbox *m, struct stream *in, int fd,
    bool quote, uint64_t most)
{
	struct line_copy c = { .eol = "\n", .quote_from = quote };
	struct buf out = { 0 };
	uint64_t left = m->size, written = 0;
	char part[PART];
	int e = 0;

	buf_puts(&out, m->head);
	while (e == 0 && (left > 0 || out.len > 0)) {
		size_t n = left < PART ? (size_t)left : PART;

		if (n > 0 && stream_read(in, part, n) != STREAM_OK) {
			e = EPIPE;
			break;
		}
		left -= n;
		line_copy_put(&c, part, n, &out);
		if (left == 0)
			line_copy_end(&c, &out);
		written += out.len;
		e = written > most ? EFBIG : write_all(fd, &out);
	}
	buf_free(&out);
	return e;
}

/* Quota and size are the user's affair and for good, all else is ours. */
static const char *
status(int error)
{
	switch (error) {
	case EDQUOT:
	case EFBIG:
		return "5.2.2";
	case ENOSPC:
	case EPIPE:
		return "4.3.0";
	default:
		return "4.2.0";
	}
}

void
mailbox_file_failed(struct mailbox_answer *answer, struct arena *arena,
    int error, const char *format, ...)
{
	const char *what;
	va_list ap;

	va_start(ap, format);
	what = arena_vprintf(arena, format, ap);
	va_end(ap);
	answer->dsn = status(error);
	answer->result = answer->dsn[0] == '5' ? MAILBOX_BOUNCE : MAILBOX_DEFER;
	answer->text = error != 0
	    ? arena_printf(arena, "%s: %s", what, err_errno(error))
	    : what;
}
