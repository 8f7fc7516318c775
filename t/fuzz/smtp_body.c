/* Whatever a message is made of, and however it is cut: what goes out is the
 * same as when it is encoded in one piece, has CRLF as its only line end, no
 * NUL, and the end of data once, at the end (hostile 25). */
#include "delivery/smtp_body.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct buf *b)
{
	size_t line = 0;

	for (size_t i = 0; i < b->len; i++) {
		char c = b->data[i];

		if (c == '\0' ||
		    (c == '\r' &&
			(i + 1 == b->len || b->data[i + 1] != '\n')) ||
		    (c == '\n' && (i == 0 || b->data[i - 1] != '\r')))
			abort();
		if (c != '\n')
			continue;
		/* A line that is a single dot. */
		if (i - line == 2 && b->data[line] == '.' && i + 1 != b->len)
			abort();
		line = i + 1;
	}
	if (b->len < 3 || memcmp(b->data + b->len - 3, ".\r\n", 3) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t limit = size > 0 ? data[0] : 0;
	struct smtp_body whole = { .limit = limit }, parts = { .limit = limit };
	struct buf a = { 0 }, b = { 0 };
	const char *p = (const char *)data;

	smtp_body_put(&whole, p, size, &a);
	smtp_body_end(&whole, &a);
	for (size_t i = 0; i < size; i++)
		smtp_body_put(&parts, p + i, 1, &b);
	smtp_body_end(&parts, &b);
	if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
		abort();
	check(&a);
	buf_free(&a);
	buf_free(&b);
	return 0;
}
