/* transfer.c - see transfer.h. */
#include "base/transfer.h"

#include <stdbool.h>

#include "base/buf.h"

/* Where quoted-printable is: in text, behind "=", behind "=" and a first digit,
 * in the blanks behind "=", behind "=" and <CR>. */
enum { IN_TEXT, AT_FIRST, AT_SECOND, IN_BLANKS, AT_NEWLINE };

/* The value of a base64 digit; or -1. */
static int
sextet(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static int
hex(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
transfer_begin(struct transfer *t, enum transfer_encoding encoding)
{
	*t = (struct transfer){ .encoding = encoding };
}

/* Both decoders write behind ${to}, and return where they end. */
static char *
take_base64(struct transfer *t, const char *data, size_t n, char *to)
{
	int value;

	for (size_t i = 0; i < n; i++) {
		value = sextet((unsigned char)data[i]);
		if (value < 0) {
			if (data[i] == '=')
				t->nbits = 0;
			continue;
		}
		t->bits = (t->bits << 6 | (unsigned)value) & 0xFFFF;
		t->nbits += 6;
		if (t->nbits >= 8) {
			t->nbits -= 8;
			*to++ = (char)(t->bits >> t->nbits & 0xFF);
		}
	}
	return to;
}

/* What stood behind "=" was no code, so that it stands for itself. */
static char *
put_back(struct transfer *t, char *to)
{
	if (t->state == AT_FIRST || t->state == AT_SECOND ||
	    t->state == IN_BLANKS)
		*to++ = '=';
	if (t->state == AT_SECOND || t->state == IN_BLANKS)
		*to++ = t->kept;
	t->state = IN_TEXT;
	return to;
}

/* True: ${c} belongs to what stands behind "=". */
static bool
goes_on(struct transfer *t, char c, char **to)
{
	int digit = hex((unsigned char)c);

	if (t->state == AT_SECOND) {
		if (digit < 0)
			return false;
		*(*to)++ = (char)(hex((unsigned char)t->kept) * 16 + digit);
		t->state = IN_TEXT;
		return true;
	}
	if (c == '\n') {
		t->state = IN_TEXT;
		return true;
	}
	if (t->state == AT_NEWLINE)
		return false;
	if (c == '\r') {
		t->state = AT_NEWLINE;
	} else if (c == ' ' || c == '\t') {
		if (t->state == AT_FIRST)
			t->kept = c;
		t->state = IN_BLANKS;
	} else if (t->state == AT_FIRST && digit >= 0) {
		t->kept = c;
		t->state = AT_SECOND;
	} else {
		return false;
	}
	return true;
}

static char *
take_quoted(struct transfer *t, const char *data, size_t n, char *to)
{
	for (size_t i = 0; i < n; i++) {
		if (t->state != IN_TEXT) {
			if (goes_on(t, data[i], &to))
				continue;
			to = put_back(t, to);
		}
		if (data[i] == '=')
			t->state = AT_FIRST;
		else
			*to++ = data[i];
	}
	return to;
}

void
transfer_feed(struct transfer *t, const char *data, size_t n, struct buf *out)
{
	enum { KEPT = 2 }; /* octets that an earlier call may have kept */
	char *to, *end;

	if (t->encoding == TRANSFER_PLAIN) {
		buf_put(out, data, n);
		return;
	}
	to = buf_reserve(out, n + KEPT);
	end = t->encoding == TRANSFER_BASE64 ? take_base64(t, data, n, to)
					     : take_quoted(t, data, n, to);
	buf_added(out, (size_t)(end - to));
}

void
transfer_end(struct transfer *t, struct buf *out)
{
	char *to = buf_reserve(out, 2);

	buf_added(out, (size_t)(put_back(t, to) - to));
	t->nbits = 0;
}
