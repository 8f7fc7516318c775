/* line_copy.h - a stored message on its way to a file or a program: the ends
 * of its lines changed, and what would be misread at their beginning marked. */
#ifndef DELIVERY_LINE_COPY_H
#define DELIVERY_LINE_COPY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct line_copy {
	const char *eol;
	bool quote_from; /* "From " gets a ">" in front */
	bool quote_dot;  /* "." gets another "." */

	/* Where the copy stands; zero at first. */
	bool cr;        /* seen, not yet written */
	bool middle;    /* of a line */
	unsigned match; /* octets of "From " seen at the start of a line */
};

/* line_copy_put(c, data, n, out): append the next part of the message, whose
 * lines end with <CR><LF> or <LF>.  line_copy_end(c, out): that was all; its
 * last line gets an end if it has none. */
void
line_copy_put(struct line_copy *c, const char *data, size_t n, struct buf *out);
void line_copy_end(struct line_copy *c, struct buf *out);

#endif
