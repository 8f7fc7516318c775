/* smtp_body.c - see smtp_body.h. */
#include "delivery/smtp_body.h"

#include <string.h>

#include "base/buf.h"

/* Octets within a line, neither CR, LF nor NUL. */
static void
put_run(struct smtp_body *b, const char *p, size_t n, struct buf *out)
{
	if (n == 0)
		return;
	if (b->column == 0 && *p == '.')
		buf_putc(out, '.');
	while (b->limit > 1 && b->column + n > b->limit) {
		size_t part = b->limit - b->column;

		buf_put(out, p, part);
		buf_put(out, "\r\n ", 3);
		b->column = 1;
		b->broken++;
		p += part;
		n -= part;
	}
	buf_put(out, p, n);
	b->column += n;
}

static void
end_line(struct smtp_body *b, struct buf *out)
{
	buf_put(out, "\r\n", 2);
	b->column = 0;
	b->cr = false;
}

/* The part of a line in front of its LF; it may have CR and NUL in it, and
 * the CR before the LF is part of the line end. */
static void
put_line(struct smtp_body *b, const char *p, const char *end, struct buf *out)
{
	while (p < end) {
		size_t n = (size_t)(end - p);
		const char *stop = memchr(p, '\r', n);

		if (b->cr) { /* what followed is no LF */
			put_run(b, " ", 1, out);
			b->cr = false;
		}
		if (stop != NULL)
			n = (size_t)(stop - p);
		for (const char *nul; (nul = memchr(p, '\0', n)) != NULL;
		     p = nul + 1) {
			put_run(b, p, (size_t)(nul - p), out);
			n -= (size_t)(nul + 1 - p);
		}
		put_run(b, p, n, out);
		p += n;
		if (stop != NULL) {
			b->cr = true;
			p = stop + 1;
		}
	}
}

void
smtp_body_put(
    struct smtp_body *body, const char *data, size_t n, struct buf *out)
{
	const char *end = data + n;

	/* Most messages grow by a dot here and there. */
	(void)buf_reserve(out, n + 64);
	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));

		put_line(body, data, lf != NULL ? lf : end, out);
		if (lf == NULL)
			return;
		end_line(body, out);
		data = lf + 1;
	}
}

void
smtp_body_end(struct smtp_body *body, struct buf *out)
{
	if (body->column > 0 || body->cr)
		end_line(body, out);
	buf_put(out, ".\r\n", 3);
}
