/* filter_text.c - see filter_text.h. */
#include "proxy/filter_text.h"

#include <string.h>

/* What is not known to be a line of a mailbox by then is none. */
enum { LOOK = 1024 };

static void
put(struct filter_text *t, const char *data, size_t n, struct buf *out)
{
	const char *end = data + n, *lf;

	/* Most messages grow by a dot here and there. */
	(void)buf_reserve(out, n + 64);
	for (; data < end; data += n) {
		lf = memchr(data, '\n', (size_t)(end - data));
		n = (size_t)((lf != NULL ? lf + 1 : end) - data);
		if (!t->in_line && *data == '.')
			buf_putc(out, '.');
		buf_put(out, data, n);
		t->in_line = lf == NULL;
	}
}

static bool
of_mailbox(const struct buf *line)
{
	size_t quotes = 0;

	while (quotes < line->len && line->data[quotes] == '>')
		quotes++;
	return line->len >= quotes + 5 &&
	    memcmp(line->data + quotes, "From ", 5) == 0;
}

static void
put_first(struct filter_text *t, struct buf *out)
{
	struct buf line = t->first;
	bool again = of_mailbox(&line);

	if (again)
		put(t, "X-Mailbox-Line: ", 16, out);
	else if (line.data[0] == ' ' || line.data[0] == '\t')
		put(t, "\r\n", 2, out);
	put(t, line.data, line.len, out);
	/* The next line is the first, then. */
	t->started = !again || t->in_line;
	buf_reset(&t->first);
}

void
filter_text_put(
    struct filter_text *text, const char *data, size_t n, struct buf *out)
{
	if (n == 0)
		return;
	while (!text->started && n > 0) {
		const char *lf = memchr(data, '\n', n);
		size_t part = lf != NULL ? (size_t)(lf + 1 - data) : n;

		buf_put(&text->first, data, part);
		data += part;
		n -= part;
		if (lf == NULL && text->first.len < LOOK)
			return;
		put_first(text, out);
	}
	put(text, data, n, out);
}
