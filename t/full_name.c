/* From: headers with full names: both formats, and names that are not ASCII.
 * RFC 2047, RFC 5322. */
#include "proxy/full_name.h"

#include <stdlib.h>

#include "base/buf.h"
#include "checks/encoded_word.h"
#include "t/tap.h"

static struct buf out;

static const char *
put(enum full_name_format format, const char *charset, const char *name)
{
	buf_reset(&out);
	full_name_put(&out, format, charset, name, "u@x.example");
	return buf_str(&out);
}

static void
test_formats(void)
{
	enum full_name_format format;

	ok(full_name_format("Standard", &format) &&
		format == FULL_NAME_STANDARD &&
		full_name_format("obsolete", &format) &&
		format == FULL_NAME_OBSOLETE && !full_name_format("", &format),
	    "names of formats");
	is(put(FULL_NAME_STANDARD, "", "Joe User"), "Joe User <u@x.example>",
	    "standard");
	is(put(FULL_NAME_OBSOLETE, "", "Joe User"), "u@x.example (Joe User)",
	    "obsolete");
	is(put(FULL_NAME_STANDARD, "", "Joe \"X\" (d), y\\"),
	    "\"Joe \\\"X\\\" (d), y\\\\\" <u@x.example>", "quotes");
	is(put(FULL_NAME_OBSOLETE, "", "Joe (d) \"x\""),
	    "u@x.example (Joe \\(d\\) \"x\")",
	    "a comment ends where it should");
	is(put(FULL_NAME_STANDARD, "", "a\r\nBcc: x"),
	    "\"a  Bcc: x\" <u@x.example>", "a name is no header");
	is(put(FULL_NAME_STANDARD, "", "J\xc3\xb6"), "J\xc3\xb6 <u@x.example>",
	    "without a charset a name stays as it is");
}

static void
test_words(void)
{
	is(put(FULL_NAME_STANDARD, "utf-8", "J\xc3\xb6rg M, x"),
	    "=?utf-8?Q?J=C3=B6rg_M=2C_x?= <u@x.example>", "Q");
	is(put(FULL_NAME_STANDARD, "utf-8", "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd"),
	    "=?utf-8?B?0JjQstCw0L0=?= <u@x.example>", "B where it is shorter");
	is(put(FULL_NAME_OBSOLETE, "iso-8859-1", "J\xf6rg (a)"),
	    "u@x.example (=?iso-8859-1?Q?J=F6rg_=28a=29?=)",
	    "in a comment, of another charset");
	is(put(FULL_NAME_STANDARD, "utf-8", "Joe"), "Joe <u@x.example>",
	    "ASCII stays");
	is(put(FULL_NAME_STANDARD, "utf-8", "abc\xc3\n\xff"),
	    "=?utf-8?Q?abc=C3_=FF?= <u@x.example>", "no UTF-8, no header");
}

/* Whatever it is and however long, each line has a word of at most 75 octets,
 * and all of them are the name. */
static void
test_long(const char *piece)
{
	struct buf name = { 0 }, back = { 0 };
	const char *p;
	size_t longest = 0;

	for (int i = 0; i < 50; i++)
		buf_puts(&name, piece);
	p = put(FULL_NAME_STANDARD, "utf-8", buf_str(&name));
	encoded_word_decode(p, strlen(p) - strlen(" <u@x.example>"), &back);
	is(buf_str(&back), buf_str(&name), "a long name of %s is itself",
	    piece);
	for (const char *end; *p != '\0'; p = end + (*end == '\r' ? 3 : 0)) {
		size_t n = strcspn(p, "\r <");

		end = p + strcspn(p, "\r");
		if (n > longest)
			longest = n;
	}
	ok(longest <= 75, "in words of %zu octets at most", longest);
	buf_free(&name);
	buf_free(&back);
}

int
main(void)
{
	test_formats();
	test_words();
	test_long("\xc3\xb6");
	test_long("abc \xe2\x82\xac");
	test_long("\xf0\x9f\x98\x80x");
	buf_free(&out);
	return done_testing();
}
