/* full_name.c - see full_name.h. */
#include "proxy/full_name.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

/* RFC 2047, 2: of an encoded word. */
enum { MOST_WORD = 75, FRAME = 7 /* beside charset and text */ };

bool
full_name_format(const char *text, enum full_name_format *format)
{
	if (strcasecmp(text, "standard") == 0)
		*format = FULL_NAME_STANDARD;
	else if (strcasecmp(text, "obsolete") == 0)
		*format = FULL_NAME_OBSOLETE;
	else
		return false;
	return true;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text > 127)
			return false;
	return true;
}

/* What an encoded word may have as it is, also within a phrase and a comment
 * (RFC 2047, 5). */
static bool
is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || (c != '\0' && strchr("!*+-/", c) != NULL);
}

/* A line end in a name is a blank. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

/* The length of the character at ${p}: a word has whole ones.  Octets that are
 * no UTF-8 are taken one by one. */
static size_t
character(const char *p, bool utf8)
{
	unsigned char c = (unsigned char)*p;
	size_t n = !utf8 || c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < n; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

static void
put_quoted(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (is_blank(p[i]))
			buf_putc(out, '_');
		else if (is_plain(c))
			buf_putc(out, p[i]);
		else
			buf_printf(out, "=%02X", c);
	}
}

static void
put_base64(struct buf *out, const char *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789+/=";

	for (size_t i = 0; i < n; i += 3) {
		unsigned bits = (unsigned)(unsigned char)p[i] << 16;

		if (i + 1 < n)
			bits |= (unsigned)(unsigned char)p[i + 1] << 8;
		if (i + 2 < n)
			bits |= (unsigned char)p[i + 2];
		buf_putc(out, digits[bits >> 18]);
		buf_putc(out, digits[bits >> 12 & 63]);
		buf_putc(out, digits[i + 1 < n ? bits >> 6 & 63 : 64]);
		buf_putc(out, digits[i + 2 < n ? bits & 63 : 64]);
	}
}

static size_t
quoted_length(const char *p, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
		length +=
		    is_plain((unsigned char)p[i]) || is_blank(p[i]) ? 1 : 3;
	return length;
}

static size_t
base64_length(size_t n)
{
	return (n + 2) / 3 * 4;
}

/* How much of ${name} fits into one word. */
static size_t
word_length(const char *name, const char *charset, bool base64)
{
	bool utf8 = strcasecmp(charset, "utf-8") == 0 ||
	    strcasecmp(charset, "utf8") == 0;
	size_t frame = strlen(charset) + FRAME, n = 0, more;

	while (name[n] != '\0') {
		more = n + character(name + n, utf8);
		if (n > 0 &&
		    frame +
			    (base64 ? base64_length(more)
				    : quoted_length(name, more)) >
			MOST_WORD)
			break;
		n = more;
	}
	return n;
}

/* As quoted text if much of it is ASCII. */
static void
put_words(struct buf *out, const char *charset, const char *name)
{
	size_t whole = strlen(name), n;
	bool base64 = quoted_length(name, whole) > 2 * whole;

	for (; *name != '\0'; name += n) {
		n = word_length(name, charset, base64);
		buf_printf(out, "=?%s?%c?", charset, base64 ? 'B' : 'Q');
		if (base64)
			put_base64(out, name, n);
		else
			put_quoted(out, name, n);
		buf_puts(out, name[n] != '\0' ? "?=\r\n " : "?=");
	}
}

/* As it is, but on one line, and with a backslash in front of what is in
 * ${special}. */
static void
put_plain(struct buf *out, const char *name, const char *special)
{
	for (; *name != '\0'; name++) {
		if (strchr(special, *name) != NULL)
			buf_putc(out, '\\');
		if (is_blank(*name))
			buf_putc(out, ' ');
		else
			buf_putc(out, *name);
	}
}

static void
put_name(struct buf *out, enum full_name_format format, const char *charset,
    const char *name)
{
	bool quotes = format == FULL_NAME_STANDARD &&
	    strpbrk(name, "()<>[]:;@\\,.\"") != NULL;

	if (charset[0] != '\0' && !is_ascii(name)) {
		put_words(out, charset, name);
		return;
	}
	if (format == FULL_NAME_OBSOLETE) {
		put_plain(out, name, "()\\");
		return;
	}
	if (quotes)
		buf_putc(out, '"');
	put_plain(out, name, "\"\\");
	if (quotes)
		buf_putc(out, '"');
}

void
full_name_put(struct buf *out, enum full_name_format format,
    const char *charset, const char *name, const char *address)
{
	if (format == FULL_NAME_OBSOLETE)
		buf_printf(out, "%s (", address);
	put_name(out, format, charset, name);
	if (format == FULL_NAME_OBSOLETE)
		buf_putc(out, ')');
	else
		buf_printf(out, " <%s>", address);
}
