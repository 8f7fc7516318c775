/* maildrop_take.c - see maildrop_take.h. */
#include "weir/maildrop_take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/spool.h"
#include "base/strmap.h"
#include "weir/generation.h"
#include "weir/letter.h"
#include "weir/maildrop.h"
#include "weir/maildrop_notice.h"

enum {
	MOST_FILES = 100000, /* that are looked at in one go */
	MOST_SAID = 20,      /* log lines about files that are left */
	PASSWD_TEXT = 4096,
	STALE_S = 24 * 3600,
};

static const struct event_by by = { .program = "pickup" };

/* What one user has there. */
struct share {
	uint64_t files, octets;
};

struct taking {
	const struct generation *g;
	const char *service;
	struct arena *arena;
	int directory;
	char **names;
	size_t count;
	struct strmap shares; /* by user */
	const char *host;
	uid_t self;    /* who we are between files */
	unsigned left; /* files that were not taken up */
	bool busy;
};

static void
leave(struct taking *t, const char *name, const char *why)
{
	if (t->left++ < MOST_SAID)
		event_warning(&by, "maildrop file %s is left: %s", name, why);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names, in order of time as far as sendmail(1) has made them. */
static void
list(struct taking *t)
{
	int fd = dup(t->directory);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (dir == NULL)
		fatal("maildrop: %s", err_errno(errno));
	t->names = arena_alloc(t->arena, MOST_FILES * sizeof(char *));
	while (t->count < MOST_FILES && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			t->names[t->count++] =
			    arena_strdup(t->arena, entry->d_name);
	(void)closedir(dir);
	qsort(t->names, t->count, sizeof(char *), compare);
}

/* Files that nobody goes on writing. */
static void
sweep(const struct taking *t, const char *name, const struct stat *st)
{
	int64_t age = clock_now() / CLOCK_SECOND - st->st_mtime;

	if (S_ISREG(st->st_mode) && age > STALE_S)
		(void)unlinkat(t->directory, name, 0);
}

/* NULL: it may be taken up. */
static const char *
objection(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_nlink != 1)
		return "it has other names";
	if ((st->st_mode & 022) != 0)
		return "others may write to it";
	if (geteuid() != 0 && st->st_uid != geteuid())
		return "it is another user's";
	return NULL;
}

/* Within what one user may have taken up at a time? */
static bool
in_share(struct taking *t, const struct stat *st)
{
	char user[24];
	struct share *share;

	(void)snprintf(user, sizeof user, "%u", (unsigned)st->st_uid);
	share = strmap_find(&t->shares, user);
	if (share == NULL) {
		share = arena_alloc(t->arena, sizeof *share);
		(void)strmap_set(
		    &t->shares, arena_strdup(t->arena, user), share);
	}
	share->files++;
	share->octets += (uint64_t)st->st_size;
	return share->files <= (uint64_t)t->g->weir.weir_maildrop_files &&
	    share->octets <= (uint64_t)t->g->weir.weir_maildrop_size;
}

/* For a moment, be the user: what is opened and who connects is theirs. */
static void
become(uid_t uid)
{
	if (geteuid() != uid && seteuid(uid) != 0)
		fatal("seteuid: %s", err_errno(errno));
}

/* The same file still, opened as its owner; -1 and why. */
static int
open_file(const struct taking *t, const char *name, const struct stat *st,
    struct err *err)
{
	int fd = openat(t->directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat now;

	if (fd < 0 || fstat(fd, &now) != 0) {
		err_set(err, "%s", err_errno(errno));
	} else if (now.st_ino != st->st_ino || now.st_dev != st->st_dev ||
	    now.st_uid != st->st_uid || objection(&now) != NULL) {
		err_set(err, "it changes");
	} else {
		return fd;
	}
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* A letter was refused.  Nobody waits for the answer, so its user is told by
 * mail: not whom it says it is from.  True: the file may go. */
static bool
tell(struct taking *t, const struct letter *letter, uid_t uid, const char *why)
{
	struct maildrop_notice notice = { .host = t->host, .why = why };
	struct passwd pw, *found = NULL;
	char space[PASSWD_TEXT];

	/* Of a notice nobody is told. */
	if (strncmp(buf_str(&letter->commands), "MAIL FROM:<>", 12) == 0)
		return false;
	if (getpwuid_r(uid, &pw, space, sizeof space, &found) != 0 ||
	    found == NULL)
		return false;
	notice.user = pw.pw_name;
	return maildrop_notice_send(&notice, letter, t->service);
}

/* Give an open file to the service; true: it may go. */
static bool
submit(struct taking *t, const char *name, uid_t uid, int fd)
{
	struct letter letter = { .content = spool_new("/var/tmp") };
	char text[LETTER_TEXT];
	struct err err = { 0 };
	bool done = false;

	if (letter_read(&letter, fd, (size_t)t->g->weir.weir_maildrop_size,
		&err) != 0) {
		leave(t, name, err.text);
		letter_free(&letter);
		return false;
	}
	switch (letter_send(&letter, t->service, text)) {
	case LETTER_TAKEN:
		done = true;
		break;
	case LETTER_REFUSED:
		done = tell(t, &letter, uid, text);
		if (!done)
			leave(t, name, text);
		break;
	case LETTER_BARRED:
		leave(t, name, text);
		break;
	case LETTER_LATER:
		t->busy = true;
		break;
	}
	letter_free(&letter);
	return done;
}

static void
take_one(struct taking *t, const char *name)
{
	struct err err = { 0 };
	const char *why;
	struct stat st;
	bool done;
	int fd;

	if (fstatat(t->directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (strncmp(name, "tmp.", 4) == 0) {
		sweep(t, name, &st);
		return;
	}
	why = objection(&st);
	if (why == NULL && !in_share(t, &st))
		why = "its user has too much there; it is for the next time";
	if (why != NULL) {
		leave(t, name, why);
		return;
	}
	become(st.st_uid);
	fd = open_file(t, name, &st, &err);
	done = fd >= 0 && submit(t, name, st.st_uid, fd);
	become(t->self);
	if (fd < 0)
		leave(t, name, err.text);
	else
		(void)close(fd);
	if (done)
		(void)unlinkat(t->directory, name, 0);
}

bool
maildrop_take(const struct generation *g)
{
	struct taking t = { .g = g,
		.service = maildrop_service(g),
		.host = conf_get(g->conf, "myhostname", g->arena, NULL),
		.arena = arena_new(),
		.self = geteuid() };
	const char *path = maildrop_path(g);

	/* No groups but the user's own may help to open a file. */
	if (t.self == 0 && setgroups(0, NULL) != 0)
		fatal("setgroups: %s", err_errno(errno));
	t.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t.directory < 0) {
		event_warning(&by, "%s: %s", path, err_errno(errno));
		arena_free(t.arena);
		return true;
	}
	list(&t);
	for (size_t i = 0; i < t.count && !t.busy; i++)
		take_one(&t, t.names[i]);
	if (t.left > MOST_SAID)
		event_warning(
		    &by, "%u more maildrop files are left", t.left - MOST_SAID);
	(void)close(t.directory);
	strmap_free(&t.shares);
	arena_free(t.arena);
	return !t.busy;
}
