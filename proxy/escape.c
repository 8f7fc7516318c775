/* escape.c - see escape.h. */
#include "proxy/escape.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

char *
escape_text(struct arena *arena, const char *text, size_t n)
{
	static const char from[] = "\a\b\f\n\r\t\v\\", to[] = "abfnrtv\\";
	struct buf b = { 0 };
	const char *found;
	char *result;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c != '\0' && (found = strchr(from, c)) != NULL)
			buf_printf(&b, "\\%c", to[found - from]);
		else if (c >= 32 && c < 127)
			buf_putc(&b, (char)c);
		else
			buf_printf(&b, "\\%03o", c);
	}
	result = arena_strndup(arena, buf_str(&b), b.len);
	buf_free(&b);
	return result;
}

size_t
escape_utf8_length(const char *text, size_t n)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = s[0] < 0x80           ? 1
	    : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
	    : (s[0] & 0xf0) == 0xe0        ? 3
	    : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
					   : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

bool
escape_utf8(const char *text, size_t n)
{
	size_t len;

	for (; n > 0; text += len, n -= len)
		if ((len = escape_utf8_length(text, n)) == 0)
			return false;
	return true;
}
