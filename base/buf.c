/* buf.c - see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"

char *
buf_reserve(struct buf *b, size_t n)
{
	size_t size = b->size > 0 ? b->size : 64;
	char *data;

	must(n < SIZE_MAX / 4);
	while (size < b->len + n + 1)
		size *= 2;
	if (size != b->size) {
		/* ${b} stays as it is: it may be the log's. */
		data = realloc(b->data, size);
		if (data == NULL)
			fatal("out of memory");
		b->data = data;
		b->size = size;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

void
buf_added(struct buf *b, size_t n)
{
	must(n < b->size - b->len);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_put(struct buf *b, const void *data, size_t n)
{
	char *p = buf_reserve(b, n);

	if (n > 0)
		memcpy(p, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->size - b->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? b->data + b->len : NULL, room, fmt, ap);
	va_end(ap);
	must(n >= 0);
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		(void)vsnprintf(
		    buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void
buf_drop(struct buf *b, size_t n)
{
	must(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	buf_cut(b, b->len - n);
}

void
buf_cut(struct buf *b, size_t len)
{
	must(len <= b->len);
	b->len = len;
	if (b->data != NULL)
		b->data[len] = '\0';
}

const char *
buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

void
buf_reset(struct buf *b)
{
	buf_cut(b, 0);
}

void
buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
