/* A message in one piece has the same elements as octet by octet, and its
 * headers and body lines, put together, are the message. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "checks/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct buf elements; /* everything that was said */
	struct buf text;     /* headers and body, lines ended by LF */
	size_t longest;
};

static void
header(
    void *arg, enum mime_class of, const char *text, size_t len, size_t offset)
{
	struct seen *seen = arg;

	must(mime_name(text, len) > 0);
	buf_printf(&seen->elements, "\nH %d %zu ", of, offset);
	buf_put(&seen->elements, text, len);
	buf_put(&seen->text, text, len);
	buf_putc(&seen->text, '\n');
	seen->longest = len > seen->longest ? len : seen->longest;
}

static void
headers_end(void *arg)
{
	buf_puts(&((struct seen *)arg)->elements, "\nHEADERS END");
}

static void
body(void *arg, const char *text, size_t len, bool ends, size_t offset)
{
	struct seen *seen = arg;

	buf_printf(&seen->elements, "\nB %d %zu ", ends, offset);
	buf_put(&seen->elements, text, len);
	buf_put(&seen->text, text, len);
	if (ends)
		buf_putc(&seen->text, '\n');
	seen->longest = len > seen->longest ? len : seen->longest;
}

static void
body_end(void *arg)
{
	buf_puts(&((struct seen *)arg)->elements, "\nBODY END");
}

static void
fault(void *arg, enum mime_fault what, const char *text, size_t len)
{
	struct seen *seen = arg;

	buf_printf(&seen->elements, "\nF %s ", mime_fault_text(what));
	buf_put(&seen->elements, text, len);
}

static void
place(void *arg, enum mime_place to)
{
	buf_printf(&((struct seen *)arg)->elements, "\nP %d", to);
}

static void
parse(const struct mime_options *options, const uint8_t *data, size_t size,
    size_t step, struct seen *seen)
{
	static const struct mime_sink sink = { header, headers_end, body,
		body_end, fault, place };
	struct mime *m = mime_new(options, &sink, seen);

	for (size_t i = 0; i < size; i += step)
		mime_feed(m, (const char *)data + i,
		    size - i < step ? size - i : step);
	mime_end(m);
	mime_free(m);
}

/* The message with LF for line ends, one at its end, and without the octets
 * that a parser may leave out or put in: blanks, and the end of headers. */
static void
squeeze(const char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(" \t\r\n", p[i]) == NULL || p[i] == '\0')
			buf_putc(out, p[i]);
}

static bool
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mime_options options = {
		.header_size = 100000,
		.line_length = 64,
		.boundary_length = 32,
		.nesting = 5,
		.reports = 63,
	};
	struct seen whole = { .longest = 0 }, octets = { .longest = 0 };
	struct buf in = { 0 }, out = { 0 };

	/* Nothing is lost and nothing is added. */
	parse(&options, data, size, size + 1, &whole);
	parse(&options, data, size, 1, &octets);
	must(same(&whole.elements, &octets.elements));
	squeeze((const char *)data, size, &in);
	squeeze(buf_str(&whole.text), whole.text.len, &out);
	must(same(&in, &out));
	buf_reset(&whole.elements);
	buf_reset(&octets.elements);

	/* With conversion and small limits, still one result, in bounds. */
	options.convert = true;
	options.header_size = 100;
	whole.longest = 0;
	parse(&options, data, size, size + 1, &whole);
	parse(&options, data, size, 1, &octets);
	must(same(&whole.elements, &octets.elements));
	must(whole.longest <= 100 + 1 + 64);
	buf_free(&whole.elements);
	buf_free(&whole.text);
	buf_free(&octets.elements);
	buf_free(&octets.text);
	buf_free(&in);
	buf_free(&out);
	return 0;
}
