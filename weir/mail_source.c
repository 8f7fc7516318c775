/* mail_source.c - see mail_source.h. */
#include "weir/mail_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"

enum { PART = 64 * 1024 };

struct mail_source {
	struct arena *arena;
	const char **files;
	size_t nfiles, room, at; /* files[at] is the next one */
	uint64_t size, done;     /* octets of all */
	bool directory;

	int fd; /* of the present file; -1: none */
	const char *file;
	bool mailbox;
	bool separator; /* the line at hand begins the next message */
	bool blank;     /* an empty line is held back */
	bool in_line;   /* what was returned last has no end */
	unsigned line;
	char *name;
	char *data; /* of PART octets */
	size_t from, to;
	bool end;
	int error;
};

static void
add_file(struct mail_source *s, const char *path, off_t size)
{
	if (s->nfiles == s->room) {
		s->room = s->room > 0 ? 2 * s->room : 16;
		s->files = realloc(s->files, s->room * sizeof *s->files);
		if (s->files == NULL)
			fatal("out of memory");
	}
	s->files[s->nfiles++] = arena_strdup(s->arena, path);
	s->size += (uint64_t)size;
}

static int
visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
add_directory(struct mail_source *s, const char *path)
{
	struct dirent **names;
	struct stat st;
	int n = scandir(path, &names, visible, alphasort);

	for (int i = 0; i < n; i++) {
		const char *file =
		    arena_printf(s->arena, "%s/%s", path, names[i]->d_name);

		if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
			add_file(s, file, st.st_size);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
add_path(struct mail_source *s, const char *path, struct err *err)
{
	const char *cur = arena_printf(s->arena, "%s/cur", path);
	const char *new = arena_printf(s->arena, "%s/new", path);
	struct stat st;

	if (strcmp(path, "-") == 0) {
		add_file(s, path, 0);
		return 0;
	}
	if (stat(path, &st) != 0) {
		err_set(err, "%s: %s", path, err_errno(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		add_file(s, path, st.st_size);
		return 0;
	}
	s->directory = true;
	if (is_directory(cur) || is_directory(new)) {
		add_directory(s, cur);
		add_directory(s, new);
	} else {
		add_directory(s, path);
	}
	return 0;
}

struct mail_source *
mail_source_open(char **paths, size_t n, struct err *err)
{
	struct mail_source *s = calloc(1, sizeof *s);

	if (s == NULL || (s->data = malloc(PART)) == NULL)
		fatal("out of memory");
	s->arena = arena_new();
	s->fd = -1;
	for (size_t i = 0; i < n; i++) {
		if (add_path(s, paths[i], err) == 0)
			continue;
		mail_source_close(s);
		return NULL;
	}
	return s;
}

static void
close_file(struct mail_source *s)
{
	if (s->fd > STDIN_FILENO)
		(void)close(s->fd);
	s->fd = -1;
}

void
mail_source_close(struct mail_source *s)
{
	if (s == NULL)
		return;
	close_file(s);
	arena_free(s->arena);
	free(s->files);
	free(s->name);
	free(s->data);
	free(s);
}

/* Have a whole line at hand, or as much of it as there is room for. */
static void
fill(struct mail_source *s)
{
	ssize_t n;

	while (!s->end && s->to - s->from < PART &&
	    memchr(s->data + s->from, '\n', s->to - s->from) == NULL) {
		memmove(s->data, s->data + s->from, s->to - s->from);
		s->to -= s->from;
		s->from = 0;
		n = read(s->fd, s->data + s->to, PART - s->to);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			s->error = errno;
		s->end = n <= 0;
		if (n > 0) {
			s->to += (size_t)n;
			s->done += (uint64_t)n;
		}
	}
}

static bool
begins(const struct mail_source *s, size_t skip, const char *text)
{
	size_t n = strlen(text);

	return s->to - s->from >= skip + n &&
	    memcmp(s->data + s->from + skip, text, n) == 0;
}

/* The line at hand, or what there is of it. */
static const char *
take(struct mail_source *s, size_t *n)
{
	const char *p = s->data + s->from;
	const char *lf = memchr(p, '\n', s->to - s->from);

	*n = lf != NULL ? (size_t)(lf + 1 - p) : s->to - s->from;
	s->from += *n;
	s->in_line = lf == NULL;
	s->line += lf != NULL;
	return p;
}

/* In a mailbox an empty line, and one that begins with "From ", stand before
 * the next message; in a message ">" was put before "From ". */
static const char *
read_mailbox(struct mail_source *s, size_t *n)
{
	size_t quotes = 0;

	if (begins(s, 0, "From ")) {
		s->separator = true;
		return NULL;
	}
	if (s->blank) {
		s->blank = false;
		*n = 1;
		return "\n";
	}
	while (begins(s, quotes, ">"))
		quotes++;
	if (quotes > 0 && begins(s, quotes, "From "))
		s->from++;
	return take(s, n);
}

const char *
mail_source_read(struct mail_source *s, size_t *n)
{
	if (s->separator)
		return NULL;
	fill(s);
	if (s->mailbox && !s->in_line && !s->blank &&
	    (begins(s, 0, "\n") || begins(s, 0, "\r\n"))) {
		(void)take(s, n);
		s->blank = true;
		fill(s);
	}
	if (s->from == s->to)
		return NULL;
	return s->mailbox && !s->in_line ? read_mailbox(s, n) : take(s, n);
}

static void
set_name(struct mail_source *s)
{
	free(s->name);
	s->name = NULL;
	if (s->mailbox && asprintf(&s->name, "%s:%u", s->file, s->line) < 0)
		fatal("out of memory");
	if (s->name == NULL && (s->name = strdup(s->file)) == NULL)
		fatal("out of memory");
}

static bool
open_file(struct mail_source *s, struct err *err)
{
	s->file = s->files[s->at++];
	s->fd = STDIN_FILENO;
	s->from = s->to = 0;
	s->line = 0;
	s->error = 0;
	s->end = s->separator = s->blank = s->in_line = false;
	if (strcmp(s->file, "-") == 0)
		s->file = "stdin";
	else
		s->fd = open(s->file, O_RDONLY | O_CLOEXEC);
	if (s->fd >= 0)
		fill(s);
	if (s->fd < 0 || s->error != 0) {
		err_set(err, "%s: %s", s->file,
		    err_errno(s->fd < 0 ? errno : s->error));
		return false;
	}
	s->mailbox = s->separator = begins(s, 0, "From ");
	return true;
}

enum mail_source_result
mail_source_next(struct mail_source *s, struct err *err)
{
	size_t n;

	while (s->fd >= 0 && mail_source_read(s, &n) != NULL)
		continue;
	if (s->fd >= 0 && s->error != 0) {
		err_set(err, "%s: %s", s->file, err_errno(s->error));
		close_file(s);
		return MAIL_SOURCE_FAILED;
	}
	if (s->fd >= 0 && !s->separator)
		close_file(s);
	if (s->fd < 0) {
		if (s->at == s->nfiles)
			return MAIL_SOURCE_END;
		if (!open_file(s, err)) {
			close_file(s);
			return MAIL_SOURCE_FAILED;
		}
	}
	if (s->separator) {
		/* A line of separation may be of any length. */
		do {
			fill(s);
			(void)take(s, &n);
		} while (s->in_line && !s->end);
		s->separator = s->blank = false;
	}
	set_name(s);
	return MAIL_SOURCE_MESSAGE;
}

const char *
mail_source_name(const struct mail_source *s)
{
	return s->name;
}

bool
mail_source_many(const struct mail_source *s)
{
	return s->directory || s->nfiles > 1 || s->mailbox;
}

unsigned
mail_source_done(const struct mail_source *s)
{
	return s->size > 0 ? (unsigned)(s->done * 100 / s->size) : 0;
}
