/* line_copy.c - see line_copy.h. */
#include "delivery/line_copy.h"

#include <string.h>

#include "base/buf.h"

/* One line or a part of it.  "From " may be cut between two parts. */
static void
put_line(struct line_copy *c, const char *p, size_t n, struct buf *out)
{
	static const char from[] = "From ";

	while (n > 0 && !c->middle) {
		if (c->quote_from && *p == from[c->match]) {
			p++;
			n--;
			if (++c->match < sizeof from - 1)
				continue;
			buf_putc(out, '>');
		} else if (c->quote_dot && c->match == 0 && *p == '.') {
			buf_putc(out, '.');
		}
		buf_put(out, from, c->match);
		c->match = 0;
		c->middle = true;
	}
	buf_put(out, p, n);
}

static void
end_line(struct line_copy *c, struct buf *out)
{
	if (c->match > 0)
		buf_put(out, "From ", c->match);
	buf_puts(out, c->eol);
	c->match = 0;
	c->middle = false;
}

void
line_copy_put(struct line_copy *c, const char *data, size_t n, struct buf *out)
{
	const char *p = data, *end = data + n;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t run = (size_t)((lf != NULL ? lf : end) - p);

		if (c->cr && run > 0)
			put_line(c, "\r", 1, out);
		if (run > 0)
			c->cr = p[run - 1] == '\r';
		put_line(c, p, run - (run > 0 && c->cr ? 1 : 0), out);
		if (lf != NULL) {
			end_line(c, out);
			c->cr = false;
			run++;
		}
		p += run;
	}
}

void
line_copy_end(struct line_copy *c, struct buf *out)
{
	if (c->middle || c->cr || c->match > 0)
		end_line(c, out);
}
