/* Lines, their pieces, and what nobody sees. */
#include "checks/text_lines.h"

#include <string.h>

#include "t/tap.h"

static void
take(void *arg, const char *text, size_t len)
{
	buf_put(arg, text, len);
	buf_putc(arg, '|');
}

static void
lines(const char *text, const char *want)
{
	struct buf out = { 0 };
	struct text_lines l = { .line = take, .arg = &out, .longest = 16 };

	text_lines_feed(&l, text, strlen(text));
	text_lines_end(&l);
	is(buf_str(&out), want, "%s: %s", text, buf_str(&out));
	text_lines_free(&l);
	buf_free(&out);
}

int
main(void)
{
	lines("", "");
	lines("a", "a|");
	lines("a\r\nb\nc\rd\n\n \t\n", "a|b|c|d|");
	lines(" a ", " a |");
	/* No word of up to a quarter is cut. */
	lines("0123456789abcdef", "0123456789abcdef|");
	lines("0123456789abcdefg\nx", "0123456789abcdef|cdefg|x|");
	lines("0123456789abcdefghijklmnopqrstuvwxyz",
	    "0123456789abcdef|cdefghijklmnopqr|opqrstuvwxyz|");
	lines("0123456789abcde\xc3\xa4x", "0123456789abcde|bcde\xc3\xa4x|");
	lines("0123456789a\xc3\xa4\xc3\xa4zy",
	    "0123456789a\xc3\xa4\xc3\xa4z|\xc3\xa4zy|");
	lines("                    x", "        x|");
	/* Nobody sees them. */
	lines("via\xc2\xadgra vi\xe2\x80\x8b"
	      "agra",
	    "viagra viagra|");
	lines("\xef\xbb\xbfvia\xe2\x80\xaegra", "viagra|");
	lines("a\xc2\xa0"
	      "b\tc\xe3\x80\x80",
	    "a b c |");
	lines("v\x01ia\x1bg\x7fra", "viagra|");
	lines("\xe2\x80\x8b", "");
	lines("\xf3\xa0\x81\x81x\xef\xb8\x8f", "x|");
	lines("\xe4\xb8\xad", "\xe4\xb8\xad|");
	return done_testing();
}
