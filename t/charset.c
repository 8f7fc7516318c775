/* Character sets, known, unknown and wrong. */
#include "base/charset.h"

#include <string.h>

#include "base/buf.h"
#include "t/tap.h"

static void
converts_octets(const char *name, const char *in, size_t n, const char *want)
{
	for (size_t step = 1; step <= n; step += n > 1 ? n - 1 : 1) {
		struct charset *cs = charset_open(name, strlen(name));
		struct buf out = { 0 };

		/* Twice: after an end, all begins again. */
		for (int again = 0; again < 2; again++) {
			buf_reset(&out);
			for (size_t i = 0; i < n; i += step)
				charset_feed(cs, in + i,
				    n - i < step ? n - i : step, &out);
			charset_end(cs, &out);
		}
		is(buf_str(&out), want, "%s in steps of %zu: %s", name, step,
		    buf_str(&out));
		buf_free(&out);
		charset_close(cs);
	}
}

static void
converts(const char *name, const char *in, const char *want)
{
	converts_octets(name, in, strlen(in), want);
}

int
main(void)
{
	converts("utf-8", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
	converts("UTF8", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
	converts("", "\xe2\x82\xac", "\xe2\x82\xac");
	/* What is no UTF-8 in it is Latin. */
	converts("us-ascii", "gr\xfc\xdf", "gr\xc3\xbc\xc3\x9f");
	converts("utf-8", "\x80", "\xe2\x82\xac");
	converts("utf-8", "\xe2\x82", "\xc3\xa2\xe2\x80\x9a");
	converts("utf-8", "\xc0\xaf", "\xc3\x80\xc2\xaf");
	converts("utf-8", "\xed\xa0\x80", "\xc3\xad\xc2\xa0\xe2\x82\xac");
	converts("utf-8", "\xf5x", "\xc3\xb5x");
	converts("utf-8", "\xc3\xc3\xa4", "\xc3\x83\xc3\xa4");

	converts("iso-8859-1", "\xe4\x93", "\xc3\xa4\xe2\x80\x9c");
	converts("ISO-8859-15", "\xa4", "\xe2\x82\xac");
	converts("windows-1251", "\xc2\xe8", "\xd0\x92\xd0\xb8");
	converts("koi8-r", "\xf7", "\xd0\x92");
	converts("utf-7", "+AOQ-x", "\xc3\xa4x");
	converts("iso-2022-jp", "\x1b$B$\"\x1b(Ba",
	    "\xe3\x81\x82"
	    "a");
	converts("gb2312", "\xd6\xd0", "\xe4\xb8\xad");
	converts("big5", "\xa4\xa4", "\xe4\xb8\xad");
	converts("shift_jis", "\x82\xa0", "\xe3\x81\x82");
	converts("euc-kr", "\xb0\xa1", "\xea\xb0\x80");
	converts_octets(
	    "utf-16le", "v\0i\0=\xd8\0\xde", 8, "vi\xf0\x9f\x98\x80");
	converts_octets("utf-16be", "\0v\xd8=", 4, "v\xef\xbf\xbd");
	converts("gb2312",
	    "a\xff"
	    "b",
	    "a\xef\xbf\xbd"
	    "b");

	/* Names that are none, or would tell ICU more than a name. */
	converts("no-such-set", "gr\xfc", "gr\xc3\xbc");
	converts("../../etc/passwd", "x", "x");
	converts("utf-16,version=1", "x", "x");
	converts("x-a-name-that-is-much-longer-than-any-charset-is", "x", "x");
	return done_testing();
}
