/* The parts of a message in one piece are those of the message octet by octet;
 * parts begin and end in pairs, and have no more octets than the message for
 * each reading. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "checks/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct buf all;                      /* headers, begins and ends */
	struct buf data[TRANSFER_ENCODINGS]; /* of all parts */
	bool open[TRANSFER_ENCODINGS];
};

static void
header(void *arg, const char *text, size_t len)
{
	struct seen *seen = arg;

	buf_puts(&seen->all, "\nH ");
	buf_put(&seen->all, text, len);
}

static void
begin(void *arg, const struct part *part, enum transfer_encoding reading)
{
	struct seen *seen = arg;

	must(!seen->open[reading] && (part->encodings & 1U << reading) != 0);
	must(!part->html || part->text);
	seen->open[reading] = true;
	buf_printf(&seen->all, "\nB %d %d %d %s", reading, part->text,
	    part->html, part->charset);
}

static void
take(void *arg, enum transfer_encoding reading, const char *data, size_t n)
{
	struct seen *seen = arg;

	must(seen->open[reading] && n > 0);
	buf_put(&seen->data[reading], data, n);
}

static void
end(void *arg, enum transfer_encoding reading)
{
	struct seen *seen = arg;

	must(seen->open[reading]);
	seen->open[reading] = false;
	buf_printf(&seen->all, "\nE %d %zu", reading, seen->data[reading].len);
}

static void
fault(void *arg, enum mime_fault what, const char *text, size_t len)
{
	(void)text;
	(void)len;
	buf_printf(&((struct seen *)arg)->all, "\nF %d", what);
}

static void
parse(const uint8_t *data, size_t size, size_t step, struct seen *seen)
{
	static const struct parts_sink sink = { header, begin, take, end,
		fault };
	const struct mime_options options = {
		.header_size = 1000,
		.line_length = 64,
		.boundary_length = 32,
		.nesting = 5,
		.reports = MIME_FAULT_NESTING,
	};
	struct parts *p = parts_new(&options, &sink, seen);

	for (size_t i = 0; i < size; i += step)
		parts_body(p, (const char *)data + i,
		    size - i < step ? size - i : step);
	parts_end(p);
	parts_free(p);
}

static void
must_be_same(const struct buf *a, const struct buf *b)
{
	must(a->len == b->len &&
	    (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { .all = { 0 } }, octets = { .all = { 0 } };

	parse(data, size, size + 1, &whole);
	parse(data, size, 1, &octets);
	must_be_same(&whole.all, &octets.all);
	for (size_t i = 0; i < TRANSFER_ENCODINGS; i++) {
		must(!whole.open[i]);
		must_be_same(&whole.data[i], &octets.data[i]);
		/* A line may end with <LF> alone, or with nothing. */
		must(whole.data[i].len <= 2 * size + 2);
		buf_free(&whole.data[i]);
		buf_free(&octets.data[i]);
	}
	buf_free(&whole.all);
	buf_free(&octets.all);
	return 0;
}
