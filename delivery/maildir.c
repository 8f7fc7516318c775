/* maildir.c - see maildir.h. */
#include "delivery/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "delivery/mailbox.h"
#include "delivery/mailbox_file.h"

static int
open_directory(const struct mailbox *m, struct arena *arena, const char *name)
{
	size_t n = strlen(m->path);
	const char *slash = n > 0 && m->path[n - 1] == '/' ? "" : "/";

	return mailbox_file_directory(
	    m->base, arena_printf(arena, "%s%s%s", m->path, slash, name), true);
}

static void
failed(const struct mailbox *m, struct arena *arena,
    struct mailbox_answer *answer, int error, const char *what,
    const char *name)
{
	mailbox_file_failed(answer, arena, error,
	    "maildir delivery failed: %s %s/%s%s", what, m->base, m->path,
	    name);
	if (error == EACCES || error == EPERM)
		answer->warning = arena_printf(arena,
		    "maildir access problem for UID/GID=%lu/%lu: %s",
		    (unsigned long)m->uid, (unsigned long)m->gid, answer->text);
}

/* Write and fsync; the file is removed again if that fails. */
static bool
write_file(const struct mailbox *m, struct stream *in, struct arena *arena,
    int tmp, const char *name, struct mailbox_answer *answer)
{
	int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, e;
	int fd = openat(tmp, name, how, 0600);

	if (fd < 0) {
		failed(m, arena, answer, errno, "create maildir file",
		    arena_printf(arena, "tmp/%s", name));
		return false;
	}
	e = mailbox_file_copy(
	    m, in, fd, false, m->limit > 0 ? m->limit : UINT64_MAX);
	if (e == 0 && fsync(fd) != 0)
		e = errno;
	if (close(fd) != 0 && e == 0)
		e = errno;
	if (e == 0)
		return true;
	(void)unlinkat(tmp, name, 0);
	mailbox_file_failed(
	    answer, arena, e, "maildir delivery failed: error writing message");
	return false;
}

/* Make the message visible, durably.  A link never replaces anything, and one
 * that is there has been made by an earlier attempt. */
static int
publish(int tmp, int new, const char *from, const char *to)
{
	int e =
	    linkat(tmp, from, new, to, 0) != 0 && errno != EEXIST ? errno : 0;

	(void)unlinkat(tmp, from, 0);
	return e != 0 ? e : mailbox_file_sync(new);
}

static bool
is_delivered(int new, const char *name)
{
	struct stat st;

	return fstatat(new, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}

static bool
deliver(const struct mailbox *m, struct stream *in, struct arena *arena,
    int tmp, int new, struct mailbox_answer *answer)
{
	const char *name =
	    arena_printf(arena, "%s.P%ld", m->name, (long)getpid());
	int e;

	if (is_delivered(new, m->name)) {
		/* An earlier attempt may have died before this. */
		e = mailbox_file_sync(new);
	} else {
		if (!write_file(m, in, arena, tmp, name, answer))
			return false;
		e = publish(tmp, new, name, m->name);
	}
	if (e != 0)
		failed(m, arena, answer, e, "link to",
		    arena_printf(arena, "new/%s", m->name));
	return e == 0;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

void
maildir_write(const struct mailbox *m, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer)
{
	static const char *const names[] = { "cur", "tmp", "new" };
	int dirs[3] = { -1, -1, -1 };
	bool ok = true;

	(void)umask(077);
	for (size_t i = 0; ok && i < 3; i++) {
		dirs[i] = open_directory(m, arena, names[i]);
		ok = dirs[i] >= 0;
		if (!ok)
			failed(m, arena, answer, -dirs[i], "open", names[i]);
	}
	if (ok && deliver(m, in, arena, dirs[1], dirs[2], answer)) {
		answer->result = MAILBOX_DONE;
		answer->dsn = "2.0.0";
		answer->text = "delivered to maildir";
	}
	for (size_t i = 0; i < 3; i++)
		close_if_open(dirs[i]);
}
