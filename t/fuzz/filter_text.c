/* What a filter gets is the same in whatever pieces it comes, and ends where we
 * end it, even for a filter that takes any <LF> for the end of a line; what it
 * reads is what the client has sent. */
#include "proxy/filter_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proxy/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
encode(const struct buf *text, size_t step, struct buf *out)
{
	struct filter_text t = { 0 };

	for (size_t at = 0; at < text->len; at += step)
		filter_text_put(&t, text->data + at,
		    step < text->len - at ? step : text->len - at, out);
	buf_free(&t.first);
	buf_puts(out, ".\r\n");
}

static void
same(const struct buf *a, const struct buf *b)
{
	if (a->len != b->len ||
	    (a->len > 0 && memcmp(a->data, b->data, a->len) != 0))
		abort();
}

/* Its first line is passed on as it is, and decoding does not change it: <CR>s
 * in front of a line end are not kept. */
static bool
plain(const struct buf *text)
{
	return text->len == 0 ||
	    (strchr("> \tF", text->data[0]) == NULL &&
		memmem(text->data, text->len, "\r\r", 2) == NULL);
}

static void
check(const struct buf *text, size_t step)
{
	struct buf whole = { 0 }, pieces = { 0 }, read = { 0 };
	struct body strict = { .keep_cr = true };
	struct body loose = { .keep_cr = true, .loose = true };
	size_t used;

	encode(text, SIZE_MAX / 2, &whole);
	encode(text, step, &pieces);
	same(&whole, &pieces);
	if (body_decode(&loose, whole.data, whole.len, &read, &used) !=
		BODY_END ||
	    used != whole.len)
		abort();
	buf_reset(&read);
	if (body_decode(&strict, whole.data, whole.len, &read, &used) !=
		BODY_END ||
	    used != whole.len)
		abort();
	if (plain(text))
		same(&read, text);
	buf_free(&whole);
	buf_free(&pieces);
	buf_free(&read);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body body = { .keep_cr = true };
	struct buf text = { 0 };
	size_t used;

	if (size == 0)
		return 0;
	body.loose = data[0] & 1;
	if (body_decode(&body, (const char *)data + 1, size - 1, &text,
		&used) == BODY_END)
		check(&text, 1 + data[0] / 16);
	buf_free(&text);
	return 0;
}
