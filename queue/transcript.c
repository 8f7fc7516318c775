/* transcript.c - see transcript.h.
 *
 * Line by line as Postfix writes it, so that whoever reads one reads the other. */
#include "queue/transcript.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "base/utf8.h"

enum {
	FIRST_MOST = 12 * 1024, /* octets of the beginning of a session */
	LAST_MOST = 24 * 1024,  /* ... and of its end */
};

struct transcript {
	struct buf first, last; /* lines, each with its '\n' */
	size_t lines, left_out;
	bool utf8;
};

struct transcript *
transcript_new(bool utf8)
{
	struct transcript *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory");
	t->utf8 = utf8;
	return t;
}

void
transcript_free(struct transcript *t)
{
	if (t == NULL)
		return;
	buf_free(&t->first);
	buf_free(&t->last);
	free(t);
}

size_t
transcript_lines(const struct transcript *t)
{
	return t->lines;
}

void
transcript_reset(struct transcript *t)
{
	buf_free(&t->first);
	buf_free(&t->last);
	t->lines = t->left_out = 0;
}

/* Make room by half, at the end of a line. */
static void
leave_out(struct transcript *t)
{
	const char *p = t->last.data, *lf = p;

	while (lf - p < LAST_MOST / 2) {
		lf = memchr(lf, '\n', t->last.len - (size_t)(lf - p));
		must(lf != NULL);
		lf++;
		t->left_out++;
	}
	buf_drop(&t->last, (size_t)(lf - p));
}

static void
put_clean(struct buf *out, const char *text, bool utf8)
{
	unsigned n;

	for (; *text != '\0'; text += n) {
		unsigned char c = (unsigned char)*text;

		n = utf8 && c > 127 ? utf8_length(text) : 1;
		if (n == 0 || (n == 1 && (c < 32 || c > 126))) {
			buf_putc(out, '?');
			n = 1;
		} else {
			buf_put(out, text, n);
		}
	}
}

void
transcript_add(
    struct transcript *t, const char *direction, const char *text, size_t n)
{
	struct buf raw = { 0 }, *to = &t->first;

	if (t->last.len > 0 || t->first.len > FIRST_MOST)
		to = &t->last;
	if (t->last.len > LAST_MOST)
		leave_out(t);
	buf_put(&raw, text, n);
	buf_puts(to, direction);
	put_clean(to, buf_str(&raw), t->utf8);
	buf_putc(to, '\n');
	buf_free(&raw);
	t->lines++;
}

void
transcript_reply(
    struct transcript *t, const char *direction, const char *text, size_t n)
{
	const char *end = text + n, *lf;

	for (; text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		if (lf == NULL)
			lf = end;
		n = (size_t)(lf - text);
		transcript_add(t, direction, text,
		    n > 0 && text[n - 1] == '\r' ? n - 1 : n);
	}
}

void
transcript_print(const struct transcript *t, struct buf *out)
{
	buf_put(out, t->first.data, t->first.len);
	if (t->left_out > 0)
		buf_printf(out, "(%zu lines left out)\n", t->left_out);
	buf_put(out, t->last.data, t->last.len);
}
