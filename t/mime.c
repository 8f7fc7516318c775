/* A message taken apart, by Postfix's own cases and at the limits. */
#include "checks/mime.h"

#include "base/buf.h"
#include "t/json.h"
#include "t/tap.h"

struct seen {
	struct buf elements; /* one a line, "\n" as "\\n" */
	struct buf faults;
	struct buf body; /* put together again */
	size_t headers;
};

static void
put(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			buf_puts(out, "\\n");
		else
			buf_putc(out, p[i]);
	}
}

static void
header(
    void *arg, enum mime_class of, const char *text, size_t len, size_t offset)
{
	static const char *const names[] = { "MAIN", "MULT", "NEST" };
	struct seen *seen = arg;

	seen->headers++;
	buf_printf(&seen->elements, "%s %zu ", names[of], offset);
	put(&seen->elements, text, len);
	buf_putc(&seen->elements, '\n');
}

static void
headers_end(void *arg)
{
	buf_puts(&((struct seen *)arg)->elements, "HEADER END\n");
}

static void
body(void *arg, const char *text, size_t len, bool ends, size_t offset)
{
	struct seen *seen = arg;

	buf_printf(&seen->elements, "BODY %zu ", offset);
	put(&seen->elements, text, len);
	buf_puts(&seen->elements, ends ? "\n" : "+\n");
	buf_put(&seen->body, text, len);
	if (ends)
		buf_putc(&seen->body, '\n');
}

static void
body_end(void *arg)
{
	buf_puts(&((struct seen *)arg)->elements, "BODY END\n");
}

static void
fault(void *arg, enum mime_fault what, const char *text, size_t len)
{
	struct seen *seen = arg;
	size_t start;

	buf_printf(&seen->faults, "%s: ", mime_fault_text(what));
	start = seen->faults.len;
	buf_put(&seen->faults, text, len > 100 ? 100 : len);
	for (size_t i = start; i < seen->faults.len; i++) {
		unsigned char c = (unsigned char)seen->faults.data[i];

		if (c < 32 || c > 126)
			seen->faults.data[i] = '?';
	}
	buf_putc(&seen->faults, '\n');
}

/* What Postfix's test driver says at the end; its server uses the words of the
 * log for all of them. */
static const char *
driver_words(unsigned fault)
{
	if (fault == MIME_FAULT_ENCODING)
		return "improper message/* or multipart/* encoding domain";
	if (fault == MIME_FAULT_NO_END)
		return "non-empty end-of-header";
	return mime_fault_text(fault);
}

static void
place(void *arg, enum mime_place to)
{
	static const char *const names[] = { "HEADERS", "CONTENT", "NOTHING" };

	buf_printf(&((struct seen *)arg)->elements, "IN %s\n", names[to]);
}

static const struct mime_sink sink = { header, headers_end, body, body_end,
	fault, NULL };
static const struct mime_options usual = {
	.header_size = 2000,
	.line_length = 2048,
	.boundary_length = 2000,
	.nesting = 20,
	.reports = 63,
};

static void
parse(const struct mime_options *options, const char *text, size_t n,
    size_t step, struct seen *seen)
{
	struct mime *m = mime_new(options, &sink, seen);
	unsigned faults;

	for (size_t i = 0; i < n; i += step)
		mime_feed(m, text + i, n - i < step ? n - i : step);
	mime_end(m);
	faults = mime_faults(m);
	for (unsigned bit = 1; bit < 64; bit <<= 1)
		if ((faults & bit) != 0)
			buf_printf(&seen->faults, "%s\n", driver_words(bit));
	mime_free(m);
}

static void
forget(struct seen *seen)
{
	buf_free(&seen->elements);
	buf_free(&seen->faults);
	buf_free(&seen->body);
	seen->headers = 0;
}

static void
expect(const struct json *c, struct buf *elements, struct buf *faults)
{
	const struct json *e, *text;
	const char *pair[2];

	for (e = json_items(c, "events"); e != NULL; e = e->next) {
		json_pair(e, pair);
		text = e->first->next->next;
		must(text != NULL);
		buf_printf(elements, "%s %s ", pair[0], pair[1]);
		put(elements, text->text, text->len);
		buf_putc(elements, '\n');
	}
	for (e = json_items(c, "warnings"); e != NULL; e = e->next)
		buf_printf(faults, "%s\n", e->text);
}

/* Drop the lines that the cases do not have. */
static void
drop_ends(struct buf *elements)
{
	static const char *const lines[] = { "HEADER END\n", "BODY END\n" };
	size_t n;
	char *p;

	for (size_t i = 0; i < 2; i++) {
		p = elements->data != NULL ? strstr(elements->data, lines[i])
					   : NULL;
		if (p == NULL)
			continue;
		n = strlen(lines[i]);
		memmove(p, p + n, strlen(p + n) + 1);
		elements->len -= n;
	}
}

/* The cases are text with one octet for each character below 256. */
static void
to_octets(const struct json *input, struct buf *out)
{
	for (size_t i = 0; i < input->len; i++) {
		unsigned char c = (unsigned char)input->text[i];

		if (c >= 0xc2 && c <= 0xc3 && i + 1 < input->len)
			c = (unsigned char)((c << 6) |
			    (input->text[++i] & 0x3f));
		buf_putc(out, (char)c);
	}
}

static void
test_case(const struct json *c)
{
	const struct json *limits = json_member(c, "limits");
	struct mime_options options = {
		.header_size = (size_t)json_number(limits, "header_size_limit"),
		.line_length = 2048,
		.boundary_length =
		    (size_t)json_number(limits, "mime_boundary_length_limit"),
		.nesting = (size_t)json_number(limits, "mime_nesting_limit"),
		.convert = strcmp(json_text(c, "convert_8bit"), "true") == 0,
		.reports = 63,
	};
	struct buf input = { 0 }, elements = { 0 }, faults = { 0 };
	struct buf utf8 = { 0 };
	static const size_t steps[] = { 1, 7, 1 << 20 };

	to_octets(json_member(c, "input"), &input);
	expect(c, &elements, &faults);
	to_octets(
	    &(struct json){ .text = buf_str(&elements), .len = elements.len },
	    &utf8);
	for (size_t i = 0; i < 3; i++) {
		struct seen seen = { .headers = 0 };

		parse(&options, input.data, input.len, steps[i], &seen);
		drop_ends(&seen.elements);
		is(buf_str(&seen.elements), buf_str(&utf8),
		    "%s: elements, %zu octets at a time", json_text(c, "name"),
		    steps[i]);
		is(buf_str(&seen.faults), buf_str(&faults), "%s: faults",
		    json_text(c, "name"));
		if (strcmp(buf_str(&seen.elements), buf_str(&utf8)) != 0)
			printf("# got\n%s# want\n%s", buf_str(&seen.elements),
			    buf_str(&utf8));
		if (strcmp(buf_str(&seen.faults), buf_str(&faults)) != 0)
			printf("# got\n%s# want\n%s", buf_str(&seen.faults),
			    buf_str(&faults));
		forget(&seen);
	}
	buf_free(&input);
	buf_free(&elements);
	buf_free(&faults);
	buf_free(&utf8);
}

static void
elements(const struct mime_options *options, const char *text, const char *want,
    const char *what)
{
	struct seen seen = { .headers = 0 };

	parse(options, text, strlen(text), 3, &seen);
	is(buf_str(&seen.elements), want, "%s", what);
	if (strcmp(buf_str(&seen.elements), want) != 0)
		printf("# %s\n", buf_str(&seen.elements));
	forget(&seen);
}

static void
test_forms(void)
{
	struct mime_options options = usual;

	elements(&options, "A: b\r\n c\r\n\r\nx\r\n\r\ny",
	    "MAIN 0 A: b\\n c\nHEADER END\nBODY 0 \nBODY 1 x\nBODY 3 \n"
	    "BODY 4 y\nBODY END\n",
	    "CRLF, and no end of line at the end");
	elements(&options, "", "HEADER END\nBODY END\n", "nothing");
	elements(
	    &options, "\n", "HEADER END\nBODY 0 \nBODY END\n", "no header");
	elements(&options, "A : b\n", "MAIN 0 A: b\nHEADER END\nBODY END\n",
	    "a blank before the colon");
	elements(&options, "A: b\rBcc: x\n",
	    "MAIN 0 A: b\rBcc: x\nHEADER END\nBODY END\n",
	    "a bare CR begins no header (hostile row 36)");
	elements(&options,
	    "Content-Type: multipart/mixed; boundary=a; boundary=\"ab\"\n\n"
	    "--ab\nX: 1\n\n--a\nY: 2\n\n--ab--\n",
	    "MAIN 0 Content-Type: multipart/mixed; boundary=a; "
	    "boundary=\"ab\"\nHEADER END\nBODY 0 \nBODY 1 --ab\nMULT 0 X: 1\n"
	    "BODY 0 \nBODY 1 --a\nMULT 0 Y: 2\nBODY 0 \nBODY 1 --ab--\n"
	    "BODY END\n",
	    "two boundaries, one the beginning of the other (row 77)");
	elements(&options,
	    "Content-Type: multipart/digest; boundary=a\n\n--a\n\nN: 1\n\nx\n",
	    "MAIN 0 Content-Type: multipart/digest; boundary=a\nHEADER END\n"
	    "BODY 0 \nBODY 1 --a\nBODY 0 \nNEST 0 N: 1\nBODY 0 \nBODY 1 x\n"
	    "BODY END\n",
	    "the parts of a digest are messages");
	elements(&options, "Content-Type: message/partial; id=1\n\nN: 1\n",
	    "MAIN 0 Content-Type: message/partial; id=1\nHEADER END\n"
	    "BODY 0 \nBODY 1 N: 1\nBODY END\n",
	    "message/partial is not descended into");
	options.plain = true;
	elements(&options, "Content-Type: message/rfc822\n\nN: 1\n",
	    "MAIN 0 Content-Type: message/rfc822\nHEADER END\nBODY 0 \n"
	    "BODY 1 N: 1\nBODY END\n",
	    "nor is anything, without MIME");
	options.plain = false;
	options.line_length = 4;
	elements(&options, "A: 5678\n 9\n\n1234\n12345\n12345678\n\n",
	    "MAIN 0 A: 5678\\n 9\nHEADER END\nBODY 0 \nBODY 1 1234\n"
	    "BODY 6 1234+\nBODY 11 5\nBODY 13 1234+\nBODY 18 5678\nBODY 23 \n"
	    "BODY END\n",
	    "long lines come in pieces");
}

/* Hostile rows 34, 35 and 79. */
static void
test_limits(void)
{
	struct mime_options options = usual;
	struct seen seen = { .headers = 0 };
	struct buf text = { 0 };
	size_t longest = 0;

	buf_puts(&text, "A: 1\n");
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, " continued\n");
	buf_puts(&text, "B: 2\n\n");
	for (int i = 0; i < 1 << 20; i++)
		buf_putc(&text, 'x');
	parse(&options, text.data, text.len, 4096, &seen);
	ok(seen.headers == 2, "a header of many lines is one");
	for (const char *p = buf_str(&seen.elements), *end; *p != '\0';
	     p = end + 1) {
		end = strchr(p, '\n');
		if ((size_t)(end - p) > longest)
			longest = (size_t)(end - p);
	}
	ok(longest < 4200, "elements are bounded: %zu", longest);
	ok(strncmp(buf_str(&seen.faults),
	       "message header length exceeds safety limit: A: 1?", 49) == 0,
	    "and it is noticed");
	forget(&seen);

	buf_reset(&text);
	buf_puts(&text, "Content-Type: multipart/mixed; boundary=b0x\n\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text,
		    "--b%dx\nContent-Type: multipart/mixed; boundary=b%dx\n\n",
		    i, i + 1);
	parse(&options, text.data, text.len, 4096, &seen);
	ok(seen.headers == 23, "nesting stops at its limit");
	is(buf_str(&seen.faults),
	    "MIME nesting exceeds safety limit: Content-Type: "
	    "multipart/mixed; boundary=b22x\n"
	    "MIME nesting exceeds safety limit\n",
	    "and is noticed once");
	forget(&seen);

	buf_reset(&text);
	for (int i = 0; i < 200; i++)
		buf_puts(&text, "Content-Type: message/rfc822\n\n");
	parse(&options, text.data, text.len, 4096, &seen);
	ok(seen.headers == 200, "messages in messages need no memory");
	forget(&seen);

	buf_reset(&text);
	buf_puts(&text, "Content-Type: multipart/mixed; boundary=");
	for (int i = 0; i < 1900; i++)
		buf_putc(&text, 'b');
	options.boundary_length = 10;
	buf_puts(&text, "\n\n--bbbbbbbbbbx\nX: 1\n\n");
	parse(&options, text.data, text.len, 4096, &seen);
	ok(seen.headers == 2, "a boundary is cut at its limit");
	forget(&seen);
	buf_free(&text);
}

static void
test_places(void)
{
	static const struct mime_sink with_places = { header, headers_end, body,
		body_end, fault, place };
	static const char text[] =
	    "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\nX: 1\n\n1\n"
	    "--b\nContent-Type: message/rfc822\n\nY: 2\nno header\n--b--\npast\n";
	static const char want[] =
	    "MAIN 0 Content-Type: multipart/mixed; boundary=b\nHEADER END\n"
	    "BODY 0 \nIN CONTENT\nBODY 1 pre\nIN HEADERS\nBODY 5 --b\n"
	    "MULT 0 X: 1\nBODY 0 \nIN CONTENT\nBODY 1 1\nIN HEADERS\n"
	    "BODY 3 --b\nMULT 0 Content-Type: message/rfc822\nBODY 0 \n"
	    "IN HEADERS\nNEST 0 Y: 2\nIN CONTENT\nBODY 0 no header\n"
	    "IN NOTHING\nBODY 0 --b--\nBODY 6 past\nBODY END\n";
	struct seen seen = { .headers = 0 };
	struct mime *m = mime_new(&usual, &with_places, &seen);

	mime_feed(m, text, sizeof text - 1);
	mime_end(m);
	mime_free(m);
	is(buf_str(&seen.elements), want, "places: %s",
	    buf_str(&seen.elements));
	forget(&seen);
}

int
main(void)
{
	struct arena *arena = arena_new();
	const struct json *cases =
	    json_member(json_shared("unit_cases.json", arena), "mime");
	size_t n = 0;

	if (cases == NULL)
		ok(1, "conformance cases # SKIP not beside the checkout");
	for (const struct json *c = cases != NULL ? cases->first : NULL;
	     c != NULL; c = c->next, n++)
		test_case(c);
	printf("# %zu cases\n", n);
	test_forms();
	test_limits();
	test_places();
	arena_free(arena);
	return done_testing();
}
