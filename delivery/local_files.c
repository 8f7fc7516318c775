/* local_files.c - see local_files.h.
 *
 * Whoever can write the file decides what happens with the rights of its
 * owner: one that others may write, or own, does not count.  What is looked at
 * is what was opened; a FIFO is not waited for. */
#include "delivery/local_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "delivery/local_read.h"
#include "delivery/local_rights.h"

enum { ROOM = 16 * 1024, PART = 64 * 1024 };

static void say(struct local_text *answer, struct arena *arena,
    enum local_text_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
say(struct local_text *answer, struct arena *arena,
    enum local_text_status status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	answer->status = status;
	answer->warning = arena_vprintf(arena, format, ap);
	va_end(ap);
}

/* All of it.  0, or an errno value. */
static int
read_all(int fd, struct arena *arena, const char **text)
{
	struct buf b = { 0 };
	ssize_t n;
	int e = 0;

	do {
		n = read(fd, buf_reserve(&b, PART), PART);
		if (n > 0)
			buf_added(&b, (size_t)n);
		else if (n < 0 && errno != EINTR)
			e = errno;
		if (b.len > LOCAL_READ_MOST)
			e = EFBIG;
	} while (e == 0 && n != 0);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == '\0')
			b.data[i] = ' ';
	*text = arena_strndup(arena, buf_str(&b), b.len);
	buf_free(&b);
	return e;
}

/* An error that says that there is no such file; what a file server that does
 * not answer says is none. */
static bool
is_absence(int e)
{
	return e == ENOENT || e == ENOTDIR || e == EACCES || e == ELOOP ||
	    e == ENAMETOOLONG;
}

/* root's .forward may be read, as it is nobody else's; nothing else may. */
static const char *
become_reader(const struct local_rights *rights, const struct passwd *pw,
    const struct local_read *r, struct arena *arena)
{
	size_t n = strlen(pw->pw_dir);

	if (pw->pw_uid != 0)
		return local_rights_become(rights, r->user, arena);
	for (size_t i = 0; i < r->npaths; i++) {
		const char *name = r->paths[i] + n;

		if (strncmp(r->paths[i], pw->pw_dir, n) != 0 ||
		    strncmp(name, "/.forward", 9) != 0 ||
		    strchr(name + 1, '/') != NULL)
			return arena_printf(arena,
			    "%s is not root's own .forward file", r->paths[i]);
	}
	return NULL;
}

static void
read_forward(const char *path, const struct stat *st, uid_t user,
    struct arena *arena, struct local_text *answer)
{
	int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = S_ISREG(st->st_mode) ? open(path, how) : -1, e = errno;
	struct stat now = *st;

	if (fd >= 0)
		(void)fstat(fd, &now);
	if (!S_ISREG(now.st_mode))
		say(answer, arena, LOCAL_TEXT_REFUSED,
		    "file %s is not a regular file", path);
	else if (now.st_uid != 0 && now.st_uid != user)
		say(answer, arena, LOCAL_TEXT_REFUSED,
		    "file %s has bad owner uid %lu", path,
		    (unsigned long)now.st_uid);
	else if ((now.st_mode & S_IWOTH) != 0)
		say(answer, arena, LOCAL_TEXT_REFUSED,
		    "file %s is world writable", path);
	else if (fd < 0)
		say(answer, arena,
		    is_absence(e) ? LOCAL_TEXT_REFUSED : LOCAL_TEXT_LATER,
		    "cannot open file %s: %s", path, err_errno(e));
	else if ((e = read_all(fd, arena, &answer->text)) != 0)
		say(answer, arena, LOCAL_TEXT_LATER, "read file %s: %s", path,
		    err_errno(e));
	else
		answer->status = LOCAL_TEXT_READ;
	if (fd >= 0)
		(void)close(fd);
}

static void
find_forward(const struct local_rights *rights, const struct local_read *r,
    struct arena *arena, struct local_text *answer)
{
	struct passwd pw, *user = NULL;
	const char *why;
	struct stat st;

	(void)getpwnam_r(r->user, &pw, arena_alloc(arena, ROOM), ROOM, &user);
	if (user == NULL) {
		say(answer, arena, LOCAL_TEXT_LATER, "unknown user: %s",
		    r->user);
		return;
	}
	if ((why = become_reader(rights, user, r, arena)) != NULL) {
		say(answer, arena, LOCAL_TEXT_LATER, "%s", why);
		return;
	}
	if (r->home[0] != '\0' && stat(r->home, &st) != 0) {
		say(answer, arena, LOCAL_TEXT_NO_HOME,
		    "cannot access home directory %s: %s", r->home,
		    err_errno(errno));
		return;
	}
	for (size_t i = 0; i < r->npaths; i++) {
		answer->path = i;
		if (lstat(r->paths[i], &st) == 0) {
			read_forward(
			    r->paths[i], &st, user->pw_uid, arena, answer);
			return;
		}
		if (!is_absence(errno)) {
			say(answer, arena, LOCAL_TEXT_LATER,
			    "cannot look up file %s: %s", r->paths[i],
			    err_errno(errno));
			return;
		}
	}
}

/* Whose rights the text of a file has that no user's alias names: its
 * owner's, or if that is root, default_privs.  NULL: nobody's. */
static const char *
owner_of(uid_t uid, struct arena *arena)
{
	struct passwd pw, *user = NULL;

	if (uid == 0)
		return "";
	(void)getpwuid_r(uid, &pw, arena_alloc(arena, ROOM), ROOM, &user);
	return user != NULL ? arena_strdup(arena, user->pw_name) : NULL;
}

static bool
may_include(const struct stat *st, const char *path, struct arena *arena,
    struct local_text *answer)
{
	if (!S_ISREG(st->st_mode))
		say(answer, arena, LOCAL_TEXT_REFUSED,
		    ":include: file %s is not a regular file", path);
	else if ((st->st_mode & S_IWOTH) != 0)
		say(answer, arena, LOCAL_TEXT_REFUSED,
		    ":include: file %s is world writable", path);
	else
		return true;
	return false;
}

static void
read_include(const char *path, const struct stat *before, struct arena *arena,
    struct local_text *answer)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	int e = errno;

	if (fd < 0) {
		say(answer, arena,
		    is_absence(e) ? LOCAL_TEXT_REFUSED : LOCAL_TEXT_LATER,
		    "cannot open include file %s: %s", path, err_errno(e));
		return;
	}
	if (fstat(fd, &st) != 0 || st.st_uid != before->st_uid)
		say(answer, arena, LOCAL_TEXT_LATER,
		    "include file %s has been exchanged", path);
	else if (may_include(&st, path, arena, answer) &&
	    (e = read_all(fd, arena, &answer->text)) != 0)
		say(answer, arena, LOCAL_TEXT_LATER, "read include file %s: %s",
		    path, err_errno(e));
	(void)close(fd);
}

static void
find_include(const struct local_rights *rights, const struct local_read *r,
    struct arena *arena, struct local_text *answer)
{
	const char *path = r->paths[0], *why = NULL, *user = r->user;
	struct stat st;
	int e;

	if (user[0] != '\0')
		why = local_rights_become(rights, user, arena);
	if (why == NULL && stat(path, &st) != 0) {
		e = errno;
		say(answer, arena,
		    is_absence(e) ? LOCAL_TEXT_REFUSED : LOCAL_TEXT_LATER,
		    "unable to lookup :include: file %s: %s", path,
		    err_errno(e));
		return;
	}
	if (why == NULL && !may_include(&st, path, arena, answer))
		return;
	if (why == NULL && user[0] == '\0') {
		user = owner_of(st.st_uid, arena);
		why = user == NULL
		    ? arena_printf(arena, "cannot find username for uid %lu",
			  (unsigned long)st.st_uid)
		    : local_rights_become(rights, user, arena);
	}
	if (why != NULL) {
		say(answer, arena, LOCAL_TEXT_LATER, ":include: file %s: %s",
		    path, why);
		return;
	}
	answer->owner = user;
	answer->status = LOCAL_TEXT_READ;
	read_include(path, &st, arena, answer);
}

void
local_files_read(const struct local_rights *rights, const struct local_read *r,
    struct arena *arena, struct local_text *answer)
{
	*answer = (struct local_text){ .status = LOCAL_TEXT_NONE,
		.owner = "",
		.warning = "",
		.text = "" };
	if (!r->include)
		find_forward(rights, r, arena, answer);
	else if (r->npaths == 1)
		find_include(rights, r, arena, answer);
}
