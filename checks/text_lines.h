/* text_lines.h - a text as lines that patterns are asked about, of bounded length
 * and without the characters that nobody sees. */
#ifndef CHECKS_TEXT_LINES_H
#define CHECKS_TEXT_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct text_lines {
	void (*line)(void *arg, const char *text, size_t len);
	void *arg;
	size_t longest; /* octets of a line; at least TEXT_LINES_LEAST */
	struct buf kept;
	size_t old; /* octets of it that were told already */
	bool inked; /* there is more than white space in what was not */
};

enum { TEXT_LINES_LEAST = 16 };

/*
 * text_lines_feed(l, text, n):
 * ${text} is whole UTF-8 characters.  line() is told each line, without its end
 * (<CR>, <LF> or both), unless it is blank.  A line that is longer than ${longest}
 * is told in pieces, each of which begins with the last quarter of the one
 * before: what is no longer than that stands whole in one of them.  Characters
 * without width (soft hyphen, zero width space, marks of direction, tags and
 * the like) are left out, and all blanks are blanks.
 */
void text_lines_feed(struct text_lines *l, const char *text, size_t n);

/* text_lines_end(l): that was all; another text may follow. */
void text_lines_end(struct text_lines *l);

/* text_lines_clean(text, len, out): add ${text}, UTF-8, to ${out} without what
 * nobody sees. */
void text_lines_clean(const char *text, size_t len, struct buf *out);

void text_lines_free(struct text_lines *l);

#endif
