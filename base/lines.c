/* lines.c - see lines.h. */
#include "base/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"

enum { MOST_FILE = 64 << 20, PIECE = 64 * 1024 };

int
lines_check(const char *name, const char *text, size_t len, struct err *err)
{
	const char *nul = memchr(text, '\0', len);
	unsigned line = 1;

	if (nul == NULL)
		return 0;
	for (const char *p = text; p < nul; p++)
		line += *p == '\n';
	err_set(err, "%s:%u: a NUL character", name, line);
	return -1;
}

int
lines_load(const char *path, struct buf *out, struct err *err)
{
	size_t start = out->len;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		err_set(err, "open %s: %s", path, err_errno(errno));
		return -1;
	}
	while ((n = read(fd, buf_reserve(out, PIECE), PIECE)) > 0 ||
	    (n < 0 && errno == EINTR)) {
		buf_added(out, n > 0 ? (size_t)n : 0);
		if (out->len - start > MOST_FILE) {
			err_set(
			    err, "%s: larger than %d octets", path, MOST_FILE);
			(void)close(fd);
			return -1;
		}
	}
	if (n < 0) {
		err_set(err, "read %s: %s", path, err_errno(errno));
		(void)close(fd);
		return -1;
	}
	(void)close(fd);
	return lines_check(path, buf_str(out) + start, out->len - start, err);
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next physical line that says something, without its end. */
static bool
next_physical(struct lines *lines, const char **text, size_t *len)
{
	const char *p, *newline;

	while (lines->p < lines->end) {
		*text = lines->p;
		newline =
		    memchr(lines->p, '\n', (size_t)(lines->end - lines->p));
		if (newline == NULL)
			newline = lines->end;
		*len = (size_t)(newline - *text);
		lines->p = newline + (newline < lines->end);
		lines->line++;
		for (p = *text; p < newline && is_blank(*p); p++)
			;
		if (p < newline && *p != '#')
			return true;
	}
	return false;
}

bool
lines_next(struct lines *lines, struct buf *line, unsigned *number)
{
	struct lines before;
	const char *text;
	size_t len;

	buf_reset(line);
	for (;;) {
		if (!next_physical(lines, &text, &len))
			return false;
		if (!is_blank(*text))
			break;
		event_warning(NULL,
		    "%s: logical line must not start with whitespace: "
		    "\"%.*s%s\"",
		    lines->file, len > 30 ? 30 : (int)len, text,
		    len > 30 ? "..." : "");
	}
	*number = lines->line;
	do {
		buf_put(line, text, len);
		before = *lines;
	} while (next_physical(lines, &text, &len) && is_blank(*text));
	*lines = before;
	while (line->len > 0 && is_blank(line->data[line->len - 1]))
		buf_cut(line, line->len - 1);
	return true;
}
