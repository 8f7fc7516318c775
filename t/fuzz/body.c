/* Decoding at once and in pieces agree; the text is clean; a message ends at
 * the first <CR><LF>.<CR><LF>, which is the only thing that ends one. */
#include "proxy/body.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_clean(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++) {
		char c = b->data[i];

		if (c == '\0' ||
		    (c == '\n' && (i == 0 || b->data[i - 1] != '\r')))
			abort();
		/* The last octet may be a <CR> only within <CR><LF>. */
		if (c == '\r' && (i + 1 == b->len || b->data[i + 1] != '\n'))
			abort();
	}
}

/* Where the message ends, by the book: the octets behind the terminator. */
static size_t
by_the_book(const char *in, size_t n)
{
	const char *end;

	if (n >= 3 && memcmp(in, ".\r\n", 3) == 0)
		return 3;
	end = memmem(in, n, "\r\n.\r\n", 5);
	return end != NULL ? (size_t)(end - in) + 5 : 0;
}

static void
check(const char *in, size_t size, bool loose, size_t step)
{
	struct body whole = { .loose = loose }, piece = { .loose = loose };
	struct buf a = { 0 }, b = { 0 };
	enum body_status x, y = BODY_MORE;
	size_t used, n, i = 0;

	x = body_decode(&whole, in, size, &a, &used);
	while (i < size && y == BODY_MORE) {
		y = body_decode(
		    &piece, in + i, step < size - i ? step : size - i, &b, &n);
		i += n;
	}
	if (x != y || used != i || a.len != b.len ||
	    (a.len > 0 && memcmp(a.data, b.data, a.len) != 0))
		abort();
	check_clean(&a);
	if (!loose && (x == BODY_END ? used : 0) != by_the_book(in, size))
		abort();
	buf_free(&a);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check((const char *)data + 1, size - 1, data[0] & 1, 1 + data[0] / 16);
	return 0;
}
