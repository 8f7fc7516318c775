/* mbox.c - see mbox.h. */
#include "delivery/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "delivery/biff.h"
#include "delivery/mailbox.h"
#include "delivery/mailbox_file.h"
#include "delivery/mbox_lock.h"

/* The directory of the file and the file's name in it. */
struct place {
	int dir;
	const char *name;
	const char *full; /* for people */
};

static bool
find_place(const struct mailbox *m, struct arena *arena, struct place *place)
{
	const char *slash = strrchr(m->path, '/');

	place->full = arena_printf(
	    arena, "%s/%s", strcmp(m->base, "/") != 0 ? m->base : "", m->path);
	place->name = slash != NULL ? slash + 1 : m->path;
	place->dir = mailbox_file_directory(m->base,
	    slash != NULL
		? arena_strndup(arena, m->path, (size_t)(slash - m->path))
		: "",
	    false);
	return place->dir >= 0;
}

/* ${why}, as Postfix's agents begin it: a file, a user's mailbox, a virtual
 * mailbox. */
static const char *
told(const struct mailbox *m, const struct place *place, const char *why,
    struct arena *arena)
{
	if (m->named)
		return arena_printf(arena,
		    "cannot append message to file %s: %s", place->full, why);
	if (m->user[0] != '\0')
		return arena_printf(arena,
		    "cannot update mailbox %s for user %s. %s", place->full,
		    m->user, why);
	return arena_printf(
	    arena, "delivery failed to mailbox %s: %s", place->full, why);
}

static void
failed(const struct mailbox *m, const struct place *place, int error,
    const char *doing, struct arena *arena, struct mailbox_answer *answer)
{
	mailbox_file_failed(
	    answer, arena, error, "%s", told(m, place, doing, arena));
	/* As Postfix: that a file or a user's mailbox cannot be written is not
	 * going to change; that a virtual mailbox cannot, is. */
	if ((m->named || m->user[0] != '\0') &&
	    strcmp(answer->dsn, "4.2.0") == 0 && error != EAGAIN &&
	    error != ESTALE) {
		answer->dsn = "5.2.0";
		answer->result = MAILBOX_BOUNCE;
	}
}

static void
refuse(const struct mailbox *m, const struct place *place, struct arena *arena,
    struct mailbox_answer *answer, const char *dsn, const char *why)
{
	answer->dsn = dsn;
	answer->result = dsn[0] == '5' ? MAILBOX_BOUNCE : MAILBOX_DEFER;
	answer->text = told(m, place,
	    arena_printf(arena, "destination %s %s", place->full, why), arena);
}

/* It is what it was taken for.  Looked at through the descriptor, so that it
 * cannot be exchanged in between. */
static bool
check(const struct mailbox *m, const struct place *place, int fd,
    struct arena *arena, struct mailbox_answer *answer)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		refuse(
		    m, place, arena, answer, "5.2.0", "is not a regular file");
	} else if (st.st_nlink != 1) {
		refuse(
		    m, place, arena, answer, "4.2.0", "has several hard links");
	} else if (m->named && (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH))) {
		answer->result = MAILBOX_BOUNCE;
		answer->dsn = "5.7.1";
		answer->text = told(m, place, "file is executable", arena);
	} else if (m->strict && st.st_uid != m->uid) {
		refuse(m, place, arena, answer, "4.2.0",
		    "is not owned by recipient");
		answer->warning =
		    "specify \"strict_mailbox_ownership = no\" to ignore "
		    "mailbox ownership mismatch";
	} else {
		return true;
	}
	return false;
}

static int
open_file(const struct mailbox *m, const struct place *place,
    struct arena *arena, struct mailbox_answer *answer)
{
	/* Not to wait for the other end of a FIFO. */
	int how =
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(place->dir, place->name, how, 0600);
	struct stat st;

	if (fd < 0 && errno == ELOOP) {
		refuse(m, place, arena, answer, "4.2.0", "is a symbolic link");
	} else if (fd < 0 && errno == ENXIO) {
		refuse(
		    m, place, arena, answer, "5.2.0", "is not a regular file");
	} else if (fd < 0) {
		int e = errno;
		bool there = fstatat(place->dir, place->name, &st,
				 AT_SYMLINK_NOFOLLOW) == 0;

		failed(m, place, e,
		    there ? "cannot open file"
			  : "cannot create file exclusively",
		    arena, answer);
	} else if (!check(m, place, fd, arena, answer)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* The separator line, behind an empty line even if the last delivery was cut
 * off by a crash.  0, or an errno value. */
static int
put_separator(const struct mailbox *m, int fd, off_t length)
{
	struct buf b = { 0 };
	char last[2] = { '\n', '\n' };
	size_t n = length > 1 ? 2 : (size_t)length;
	ssize_t done;
	int e;

	if (n > 0 &&
	    pread(fd, last + 2 - n, n, length - (off_t)n) != (ssize_t)n)
		return EIO;
	if (last[1] != '\n')
		buf_putc(&b, '\n');
	if (last[0] != '\n' || last[1] != '\n')
		buf_putc(&b, '\n');
	buf_printf(&b, "%s\n", m->from);
	done = write(fd, b.data, b.len);
	e = done < 0 ? errno : (size_t)done < b.len ? ENOSPC : 0;
	buf_free(&b);
	return e;
}

static int
put_end(int fd)
{
	return write(fd, "\n", 1) == 1 && fsync(fd) == 0 ? 0 : errno;
}

/* All of the message behind the first ${length} octets, or nothing.  0, or an
 * errno value. */
static int
append(const struct mailbox *m, struct stream *in, int fd, off_t length)
{
	uint64_t most = UINT64_MAX;
	int e;

	if (m->limit > 0)
		most = (uint64_t)length < m->limit ? m->limit - (uint64_t)length
						   : 0;
	e = put_separator(m, fd, length);
	if (e == 0)
		e = mailbox_file_copy(m, in, fd, true, most);
	if (e == 0)
		e = put_end(fd);
	if (e != 0 && ftruncate(fd, length) != 0)
		e = errno;
	return e;
}

/* Who is logged in may want to know; that it fails does not matter. */
static void
tell(const struct mailbox *m, off_t offset, struct arena *arena,
    struct mailbox_answer *answer)
{
	const char *why;

	if (!m->biff || m->user[0] == '\0')
		return;
	why = biff_tell(arena, m->user, (int64_t)offset);
	if (why != NULL && answer->warning[0] == '\0')
		answer->warning = why;
}

static void
deliver(const struct mailbox *m, struct stream *in, const struct place *place,
    struct arena *arena, struct mailbox_answer *answer)
{
	const char *doing = "unable to lock for exclusive access";
	int fd = open_file(m, place, arena, answer), e;
	off_t length = 0;

	if (fd < 0)
		return;
	e = mbox_lock_file(m, fd);
	if (e == 0) {
		doing = "error writing message";
		length = lseek(fd, 0, SEEK_END);
		e = length >= 0 ? append(m, in, fd, length) : errno;
	}
	if (e == 0) {
		doing = "sync directory";
		e = mailbox_file_sync(place->dir);
		/* One that may be searched, but not read, is not ours to
		 * sync; the file itself is on the disk. */
		if (e == EACCES)
			e = 0;
	}
	if (e != 0) {
		failed(m, place, e, doing, arena, answer);
	} else {
		answer->result = MAILBOX_DONE;
		answer->dsn = "2.0.0";
		answer->text = "delivered to mailbox";
		tell(m, length, arena, answer);
	}
	(void)close(fd); /* and the locks go */
}

static void
no_lock(const struct place *place, int error, struct arena *arena,
    struct mailbox_answer *answer)
{
	answer->warning =
	    arena_printf(arena, "unable to create lock file %s.lock: %s",
		place->full, err_errno(error));
}

/* A file without a lock file beside it, where none can be made. */
static int
lock_dot(struct mailbox *m, const struct place *place, struct arena *arena,
    struct mailbox_answer *answer)
{
	int e = mbox_lock_dot(m, place->dir, place->name);

	if (e == 0 || !m->named || e == EEXIST)
		return e;
	m->locks &= ~(unsigned)MAILBOX_DOTLOCK;
	no_lock(place, e, arena, answer);
	return 0;
}

void
mbox_write(const struct mailbox *m, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer)
{
	struct mailbox own = *m;
	struct place place;
	int e;

	(void)umask(077);
	if (!find_place(m, arena, &place)) {
		if (m->named)
			no_lock(&place, -place.dir, arena, answer);
		failed(m, &place, -place.dir,
		    m->named ? "cannot create file exclusively"
			     : "open directory",
		    arena, answer);
		return;
	}
	e = lock_dot(&own, &place, arena, answer);
	if (e == 0) {
		deliver(&own, in, &place, arena, answer);
		mbox_lock_undot(&own, place.dir, place.name);
	} else {
		failed(m, &place, e,
		    arena_printf(arena, "unable to create lock file %s.lock",
			place.full),
		    arena, answer);
	}
	(void)close(place.dir);
}
