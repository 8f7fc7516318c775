/* content_out.c - see content_out.h. */
#include "checks/content_out.h"

#include <string.h>

#include "base/buf.h"

void
content_out_line(struct buf *out, const char *text, size_t len, bool ends)
{
	buf_put(out, text, len);
	if (ends)
		buf_puts(out, "\r\n");
}

void
content_out_header(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len, *newline;

	for (;; text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			newline = end;
		content_out_line(out, text, (size_t)(newline - text), true);
		if (newline == end)
			break;
	}
}
