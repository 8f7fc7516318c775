/* Each step from octets to text says the same of pieces as of the whole, and never
 * more than in proportion to what it was fed; what it says is UTF-8. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/fatal.h"
#include "base/html_text.h"
#include "base/transfer.h"
#include "base/utf8.h"
#include "checks/encoded_word.h"
#include "checks/text_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const charsets[] = { "utf-8", "iso-8859-1", "koi8-r",
	"utf-7", "utf-16", "iso-2022-jp", "gb2312", "big5", "hz-gb-2312",
	"iso-2022-kr" };

enum { LONGEST = 32 };

static void
must_be_utf8(const struct buf *text)
{
	const char *p = buf_str(text), *end = p + text->len;

	while (p < end) {
		must(utf8_length(p) > 0);
		p += utf8_length(p);
	}
	must(p == end);
}

static void
transfer(unsigned which, const char *p, size_t n, size_t step, struct buf *out)
{
	struct transfer t;

	transfer_begin(&t, which % TRANSFER_ENCODINGS);
	for (size_t i = 0; i < n; i += step)
		transfer_feed(&t, p + i, n - i < step ? n - i : step, out);
	transfer_end(&t, out);
	must(out->len <= n);
}

static void
charset(unsigned which, const char *p, size_t n, size_t step, struct buf *out)
{
	const char *name =
	    charsets[which % (sizeof charsets / sizeof *charsets)];
	struct charset *cs = charset_open(name, strlen(name));

	for (size_t i = 0; i < n; i += step) {
		charset_feed(cs, p + i, n - i < step ? n - i : step, out);
		must_be_utf8(out);
	}
	charset_end(cs, out);
	charset_close(cs);
	must_be_utf8(out);
	must(out->len <= 4 * n + 4);
}

static void
html(const char *p, size_t n, size_t step, struct buf *out)
{
	struct html_text h = { 0 };

	for (size_t i = 0; i < n; i += step)
		html_text_feed(&h, p + i, n - i < step ? n - i : step, out);
	html_text_end(&h, out);
	must(out->len <= n + 1);
}

static void
take_line(void *arg, const char *text, size_t len)
{
	must(len > 0 && len <= LONGEST);
	buf_put(arg, text, len);
	buf_putc(arg, '\n');
}

/* Lines are of whole characters, so that their pieces are. */
static void
lines(const char *p, size_t n, bool pieces, struct buf *out)
{
	struct text_lines l = {
		.line = take_line, .arg = out, .longest = LONGEST
	};
	size_t step;

	for (; n > 0; p += step, n -= step) {
		step = pieces ? utf8_length(p) : n;
		text_lines_feed(&l, p, step);
	}
	text_lines_end(&l);
	text_lines_free(&l);
	must_be_utf8(out);
}

static void
same(struct buf *a, struct buf *b)
{
	must(a->len == b->len &&
	    (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
	buf_reset(a);
	buf_reset(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, octets = { 0 }, text = { 0 };
	const char *p = (const char *)data + 1;
	size_t n = size - 1;

	if (size == 0)
		return 0;
	transfer(data[0], p, n, n + 1, &whole);
	transfer(data[0], p, n, 1, &octets);
	same(&whole, &octets);
	charset(data[0], p, n, n + 1, &whole);
	charset(data[0], p, n, 1, &octets);
	buf_put(&text, whole.data, whole.len);
	same(&whole, &octets);
	html(buf_str(&text), text.len, text.len + 1, &whole);
	html(buf_str(&text), text.len, 1, &octets);
	must_be_utf8(&whole);
	same(&whole, &octets);
	lines(buf_str(&text), text.len, false, &whole);
	lines(buf_str(&text), text.len, true, &octets);
	same(&whole, &octets);
	encoded_word_decode(p, n, &whole);
	must_be_utf8(&whole);
	must(whole.len <= 4 * n + 4);
	buf_free(&whole);
	buf_free(&octets);
	buf_free(&text);
	return 0;
}
