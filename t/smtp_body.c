/* What goes out: CRLF only, dots doubled, no NUL, lines that are not too long
 * (hostile 25), however the message is cut into parts. */
#include "delivery/smtp_body.h"

#include <stdio.h>

#include "base/buf.h"
#include "t/tap.h"

static const struct {
	const char *what, *in;
	size_t n, limit;
	const char *out;
} cases[] = {
	{ "plain", "a\r\nb\r\n", 6, 998, "a\r\nb\r\n.\r\n" },
	{ "empty", "", 0, 998, ".\r\n" },
	{ "no last line end", "a\r\nb", 4, 998, "a\r\nb\r\n.\r\n" },
	{ "dots", ".\r\n..\r\na.\r\n", 11, 998, "..\r\n...\r\na.\r\n.\r\n" },
	{ "bare LF", "a\n.\nb\n", 6, 998, "a\r\n..\r\nb\r\n.\r\n" },
	{ "bare CR", "a\rb\r\n", 5, 998, "a b\r\n.\r\n" },
	{ "CR at the start", "\r.\r\n", 4, 998, " .\r\n.\r\n" },
	{ "CR CR LF", "a\r\r\n", 4, 998, "a \r\n.\r\n" },
	{ "CR at the end", "a\r", 2, 998, "a\r\n.\r\n" },
	{ "LF CR", "a\n\rb", 4, 998, "a\r\n b\r\n.\r\n" },
	{ "CR NUL LF", "a\r\0\n.\r\n", 7, 998, "a \r\n..\r\n.\r\n" },
	{ "NUL", "\0.\0\0b\0\r\n", 8, 998, "..b\r\n.\r\n" },
	{ "limit", "abcdef\r\n", 8, 4, "abcd\r\n ef\r\n.\r\n" },
	{ "limit hit twice", "abcdefghi\r\n", 11, 4,
	    "abcd\r\n efg\r\n hi\r\n.\r\n" },
	{ "limit not hit", "abcd\r\n", 6, 4, "abcd\r\n.\r\n" },
	{ "limit and dot", "abcd.f\r\n", 8, 4, "abcd\r\n .f\r\n.\r\n" },
	{ "no limit", "abcdef\r\n", 8, 0, "abcdef\r\n.\r\n" },
	{ "smuggling", "a\n.\r\nMAIL\r\n", 11, 998,
	    "a\r\n..\r\nMAIL\r\n.\r\n" },
};

static void
encode(size_t i, size_t step, struct buf *out)
{
	struct smtp_body b = { .limit = cases[i].limit };

	buf_reset(out);
	for (size_t at = 0; at < cases[i].n; at += step) {
		size_t n = cases[i].n - at < step ? cases[i].n - at : step;

		smtp_body_put(&b, cases[i].in + at, n, out);
	}
	smtp_body_end(&b, out);
}

int
main(void)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		encode(i, 1000, &out);
		ok(out.len == strlen(cases[i].out) &&
			memcmp(out.data, cases[i].out, out.len) == 0,
		    "%s", cases[i].what);
		encode(i, 1, &out);
		ok(out.len == strlen(cases[i].out) &&
			memcmp(out.data, cases[i].out, out.len) == 0,
		    "%s, octet by octet", cases[i].what);
	}
	buf_free(&out);
	return done_testing();
}
