/* The words of a structured header: items end, never overlap, and what is
 * printed with quotes is read as the same words. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "checks/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
print(const struct tokens *t, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct tokens_one *one = &t->list[i];

		buf_putc(out, ' ');
		if (one->type != TOKENS_QUOTED) {
			must(one->type == TOKENS_WORD || one->text[1] == '\0');
			buf_puts(out, one->text);
			continue;
		}
		buf_putc(out, '"');
		for (const char *p = one->text; *p != '\0'; p++) {
			buf_putc(out, '\\');
			buf_putc(out, *p);
		}
		buf_putc(out, '"');
	}
	buf_putc(out, ';');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tokens t = { .p = (const char *)data,
		.end = (const char *)data + size };
	struct tokens again = { 0 };
	const char *before = t.p;
	struct buf one = { 0 }, two = { 0 };

	/* NUL ends a text in C, so a token with it cannot be compared. */
	if (size > 0 && memchr(data, '\0', size) != NULL)
		return 0;
	while (tokens_next(&t)) {
		must(t.p > before && t.p <= t.end);
		must(t.count <= TOKENS_MOST);
		before = t.p;
		buf_reset(&one);
		buf_reset(&two);
		print(&t, &one);
		again.p = one.data;
		again.end = one.data + one.len;
		must(tokens_next(&again));
		must(again.count == t.count && again.p == again.end);
		print(&again, &two);
		must(strcmp(buf_str(&one), buf_str(&two)) == 0);
	}
	buf_free(&t.memory);
	buf_free(&again.memory);
	buf_free(&one);
	buf_free(&two);
	return 0;
}
