/* Encoded words as they should be, and as they are. */
#include "checks/encoded_word.h"

#include <string.h>

#include "base/buf.h"
#include "t/tap.h"

static void
decodes(const char *in, const char *want)
{
	struct buf out = { 0 };

	encoded_word_decode(in, strlen(in), &out);
	is(buf_str(&out), want, "%s: %s", in, buf_str(&out));
	buf_free(&out);
}

int
main(void)
{
	struct buf text = { 0 }, out = { 0 };

	decodes("", "");
	decodes("plain", "plain");
	/* RFC 2047, section 8. */
	decodes("(=?ISO-8859-1?Q?a?=)", "(a)");
	decodes("(=?ISO-8859-1?Q?a?= b)", "(a b)");
	decodes("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)");
	decodes("(=?ISO-8859-1?Q?a?=   =?ISO-8859-1?Q?b?=)", "(ab)");
	decodes("(=?ISO-8859-1?Q?a_b?=)", "(a b)");
	decodes("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)");

	decodes("Subject: =?utf-8?B?dmlhZ3Jh?=", "Subject: viagra");
	decodes("=?utf-8?b?dmlh?=gra", "viagra");
	decodes("=?iso-8859-1?q?Gr=FC=DFe?=",
	    "Gr\xc3\xbc\xc3\x9f"
	    "e");
	decodes("=?koi8-r?B?98nB?=", "\xd0\x92\xd0\xb8\xd0\xb0");
	decodes("=?us-ascii*en?Q?via?= =?US-ASCII?Q?gra?=", "viagra");
	/* A character begins in one and ends in the next. */
	decodes("=?utf-8?Q?=C3?= =?UTF-8?Q?=A4?=", "\xc3\xa4");
	decodes("=?utf-8?B?ww==?==?utf-8?Q?=A4?=", "\xc3\xa4");
	decodes("=?utf-8?Q?=C3?= x =?utf-8?Q?=A4?=", "\xc3\x83 x \xc2\xa4");
	/* In quotes, with blanks, without an end, with nothing. */
	decodes("\"=?utf-8?Q?x?=\"", "\"x\"");
	decodes("=?utf-8?Q?a b?= c", "a b c");
	decodes("=?utf-8?B?dmlh Z3Jh?=", "viagra");
	decodes("=?utf-8?B?dmlhZ3Jh", "viagra");
	decodes("=?utf-8?Q?via gra", "via gra");
	decodes("=?utf-8?Q?a =?utf-8?Q?b?=", "ab");
	decodes("=?utf-8?Q?\?=x", "x");
	decodes("=?utf-8?Q?a?b?=", "a?b");
	decodes("=?unknown?Q?=E4?=", "\xc3\xa4");
	decodes("=?\?Q?x?=", "x");
	/* What is none. */
	decodes("=?", "=?");
	decodes("=?utf-8?", "=?utf-8?");
	decodes("=?utf-8?Q", "=?utf-8?Q");
	decodes("=?utf-8?X?a?=", "=?utf-8?X?a?=");
	decodes("=?u 8?Q?a?=", "=?u 8?Q?a?=");
	decodes("a =?=? b", "a =?=? b");
	decodes("gr\xfc\xdf", "gr\xc3\xbc\xc3\x9f");

	/* Takes its time, but not more. */
	for (int i = 0; i < 100000; i++)
		buf_puts(&text, "=?a?Q?");
	encoded_word_decode(text.data, text.len, &out);
	ok(out.len > 0 && out.len <= text.len, "many beginnings and no end");
	buf_free(&text);
	buf_free(&out);
	return done_testing();
}
