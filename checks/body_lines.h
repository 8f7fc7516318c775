/* body_lines.h - lines of a body that are looked at together: most of them are in
 * no table, and one look at many says so. */
#ifndef CHECKS_BODY_LINES_H
#define CHECKS_BODY_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "rules/table.h"

struct body_line;

/* Zero-initialised: none. */
struct body_lines {
	struct buf text; /* each with "\n" behind it */
	struct body_line *lines;
	size_t count, room;
	bool nul; /* there is one in the text */
};

/* What is done with them. */
struct body_lines_ops {
	/* world_hint() for these lines. */
	enum table_hint (*hint)(void *arg, const char *text, size_t len);
	/* Each line in turn, as it was added; ${silent}: it is in no table. */
	void (*line)(
	    void *arg, const char *text, size_t len, bool ends, bool silent);
};

enum { BODY_LINES_MOST = 64 * 1024 };

/* body_lines_add(b, text, len, ends): keep a copy.  False: it would be more
 * than BODY_LINES_MOST octets. */
bool
body_lines_add(struct body_lines *b, const char *text, size_t len, bool ends);

/* body_lines_look(b, ops, arg): go through them and forget them.  Their
 * texts stay until the next one is added. */
void body_lines_look(
    struct body_lines *b, const struct body_lines_ops *ops, void *arg);

void body_lines_free(struct body_lines *b);

#endif
