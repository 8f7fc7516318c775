/* lines.h - logical lines, as main.cf, master.cf and tables have them. */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/*
 * A reader of a text.  A line that begins with white space continues the one
 * before it, with its white space kept; empty lines and those whose first
 * visible character is '#' are left out, also between a line and its
 * continuation.
 */
struct lines {
	const char *file; /* for messages */
	const char *p, *end;
	unsigned line; /* physical lines taken so far */
};

/* lines_load(path, out, err): append the whole file at ${path} to ${out}.
 * Return 0, or -1 and the reason: it cannot be read, is larger than 64 MiB,
 * or has a NUL (with file:line). */
int lines_load(const char *path, struct buf *out, struct err *err);

/* lines_check(name, text, len, err): 0, or -1 for a NUL in ${text}. */
int
lines_check(const char *name, const char *text, size_t len, struct err *err);

/*
 * lines_next(lines, line, number):
 * Put the next logical line into ${line} (replacing what is there), without
 * white space at its end, and the number of its first physical line into
 * *number; false at the end.  A continuation of nothing is skipped with
 * Postfix's warning.
 */
bool lines_next(struct lines *lines, struct buf *line, unsigned *number);

#endif
