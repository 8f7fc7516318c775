/* reply.c - see reply.h. */
#include "proxy/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "proxy/escape.h"

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

int
reply_code(const char *text)
{
	if (text[0] < '2' || text[0] > '5' || !digit(text[1]) ||
	    !digit(text[2]) || (text[3] != ' ' && text[3] != '\0'))
		return 0;
	return (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';
}

/* Append at most ${most} octets of the words ${s}..${s}+${n}. */
static void
put_words(struct buf *out, const char *s, size_t n, size_t most)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0, len;

	while (i < n && i < most) {
		len = escape_utf8_length(s + i, n - i);
		if (len > most - i)
			break;
		if (len == 0 || (len == 1 && (p[i] < 32 || p[i] == 127))) {
			buf_putc(out, '?');
			len = 1;
		} else {
			buf_put(out, s + i, len);
		}
		i += len;
	}
}

void
reply_line(struct buf *out, const char *code, char separator, const char *words)
{
	buf_put(out, code, 3);
	buf_putc(out, separator);
	put_words(out, words, strlen(words), REPLY_LINE - 6);
	buf_put(out, "\r\n", 2);
}

void
reply_put(struct buf *out, const char *text)
{
	const char *code, *line, *end;
	size_t n;

	if (reply_code(text) == 0)
		text = "450 4.7.1 Service unavailable";
	code = text;
	line = text[3] == ' ' ? text + 4 : text + 3;
	do {
		end = strchr(line, '\n');
		n = end != NULL ? (size_t)(end - line) : strlen(line);
		buf_put(out, code, 3);
		buf_putc(out, end != NULL ? '-' : ' ');
		put_words(out, line, n, REPLY_LINE - 6);
		buf_put(out, "\r\n", 2);
		line = end != NULL ? end + 1 : NULL;
	} while (line != NULL);
}
