/* charset.c - see charset.h.  Nearly all mail is UTF-8 or Latin, which is done
 * here; the rest is ICU's. */
#include "base/charset.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/ucnv.h>

#include "base/buf.h"
#include "base/fatal.h"

enum kind { UNICODE, LATIN, OTHER };
enum { LONGEST_NAME = 40, REPLACEMENT = 0xFFFD };

struct charset {
	enum kind kind;
	unsigned char kept[4]; /* of a character that is not complete */
	size_t nkept;
	UConverter *converter; /* of OTHER */
	UChar high;            /* the first half of a pair; or 0 */
};

/* clang-format off */
static const struct {
	const char *name, *means;
} names[] = {
	{ "ascii",          "utf-8" },
	{ "us-ascii",       "utf-8" },
	{ "utf8",           "utf-8" },
	{ "unknown-8bit",   "utf-8" },
	{ "iso-8859-1",     "windows-1252" },
	{ "iso8859-1",      "windows-1252" },
	{ "latin1",         "windows-1252" },
	{ "cp1252",         "windows-1252" },
	{ "iso-8859-9",     "windows-1254" },
	{ "iso-8859-11",    "windows-874" },
	{ "tis-620",        "windows-874" },
	{ "gb2312",         "gb18030" },
	{ "gbk",            "gb18030" },
	{ "euc-cn",         "gb18030" },
	{ "euc-kr",         "windows-949" },
	{ "ks_c_5601-1987", "windows-949" },
	{ "shift_jis",      "windows-31j" },
	{ "big5",           "big5-hkscs" },
};

/* 0x80 to 0x9F of windows-1252. */
static const unsigned short latin[32] = {
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};
/* clang-format on */

unsigned
charset_latin(unsigned char octet)
{
	return octet >= 0x80 && octet < 0xA0 ? latin[octet - 0x80] : octet;
}

void
charset_put(struct buf *out, unsigned long code)
{
	if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
		code = REPLACEMENT;
	if (code < 0x80) {
		buf_putc(out, (char)code);
		return;
	}
	if (code < 0x800) {
		buf_putc(out, (char)(0xC0 | code >> 6));
	} else {
		if (code < 0x10000) {
			buf_putc(out, (char)(0xE0 | code >> 12));
		} else {
			buf_putc(out, (char)(0xF0 | code >> 18));
			buf_putc(out, (char)(0x80 | (code >> 12 & 0x3F)));
		}
		buf_putc(out, (char)(0x80 | (code >> 6 & 0x3F)));
	}
	buf_putc(out, (char)(0x80 | (code & 0x3F)));
}

/* Copy a name of the characters that names have, so that ICU, which takes
 * options in names, is told none; false: it is no name. */
static bool
copy_name(char to[LONGEST_NAME + 1], const char *name, size_t len)
{
	if (len == 0 || len > LONGEST_NAME)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 0x80 || (!isalnum(c) && strchr("-_.:+", c) == NULL))
			return false;
		to[i] = name[i];
	}
	to[len] = '\0';
	return true;
}

struct charset *
charset_open(const char *name, size_t len)
{
	struct charset *cs = calloc(1, sizeof *cs);
	UErrorCode status = U_ZERO_ERROR;
	char copy[LONGEST_NAME + 1];
	const char *means = copy;

	if (cs == NULL)
		fatal("out of memory");
	if (!copy_name(copy, name, len))
		return cs;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(copy, names[i].name) == 0)
			means = names[i].means;
	if (strcasecmp(means, "windows-1252") == 0)
		cs->kind = LATIN;
	else if (strcasecmp(means, "utf-8") != 0)
		cs->converter = ucnv_open(means, &status);
	if (cs->converter != NULL)
		cs->kind = OTHER;
	return cs;
}

void
charset_close(struct charset *cs)
{
	if (cs == NULL)
		return;
	if (cs->converter != NULL)
		ucnv_close(cs->converter);
	free(cs);
}

static void
put_latin(const unsigned char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		charset_put(out, charset_latin(p[i]));
}

/* How long the character that begins with ${first} is; 0: none does. */
static size_t
length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first < 0xE0)
		return 2;
	if ((first & 0xF0) == 0xE0)
		return 3;
	return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

/* ${c} may stand behind what is kept: no form is longer than it must be, and
 * there are no surrogates. */
static bool
may_follow(const struct charset *cs, unsigned char c)
{
	if ((c & 0xC0) != 0x80)
		return false;
	if (cs->nkept > 1)
		return true;
	switch (cs->kept[0]) {
	case 0xE0:
		return c >= 0xA0;
	case 0xED:
		return c < 0xA0;
	case 0xF0:
		return c >= 0x90;
	case 0xF4:
		return c < 0x90;
	default:
		return true;
	}
}

static void
take_unicode(struct charset *cs, unsigned char c, struct buf *out)
{
	if (cs->nkept > 0 && !may_follow(cs, c)) {
		put_latin(cs->kept, cs->nkept, out);
		cs->nkept = 0;
	}
	if (cs->nkept == 0 && length(c) == 0) {
		put_latin(&c, 1, out);
		return;
	}
	cs->kept[cs->nkept++] = c;
	if (cs->nkept == length(cs->kept[0])) {
		buf_put(out, cs->kept, cs->nkept);
		cs->nkept = 0;
	}
}

static void
feed_unicode(struct charset *cs, const char *data, size_t n, struct buf *out)
{
	size_t plain;

	while (n > 0) {
		for (plain = 0; plain < n && (data[plain] & 0x80) == 0; plain++)
			;
		if (cs->nkept == 0 && plain > 0) {
			buf_put(out, data, plain);
		} else {
			plain = 1;
			take_unicode(cs, (unsigned char)*data, out);
		}
		data += plain;
		n -= plain;
	}
}

static void
take_utf16(struct charset *cs, UChar unit, struct buf *out)
{
	bool is_low = unit >= 0xDC00 && unit < 0xE000;

	if (cs->high != 0) {
		if (is_low)
			charset_put(out,
			    0x10000 +
				((unsigned long)(cs->high - 0xD800) << 10) +
				(unit - 0xDC00U));
		else
			charset_put(out, REPLACEMENT);
		cs->high = 0;
		if (is_low)
			return;
	}
	if (unit >= 0xD800 && unit < 0xDC00)
		cs->high = unit;
	else
		charset_put(out, unit);
}

static void
feed_other(
    struct charset *cs, const char *data, size_t n, UBool last, struct buf *out)
{
	const char *end = data + n;
	UErrorCode status;
	UChar text[256] = { 0 }, *to;

	do {
		status = U_ZERO_ERROR;
		to = text;
		ucnv_toUnicode(cs->converter, &to,
		    text + sizeof text / sizeof *text, &data, end, NULL, last,
		    &status);
		for (const UChar *p = text; p < to; p++)
			take_utf16(cs, *p, out);
	} while (status == U_BUFFER_OVERFLOW_ERROR);
}

void
charset_feed(struct charset *cs, const char *data, size_t n, struct buf *out)
{
	if (cs->kind == OTHER)
		feed_other(cs, data, n, 0, out);
	else if (cs->kind == LATIN)
		put_latin((const unsigned char *)data, n, out);
	else
		feed_unicode(cs, data, n, out);
}

void
charset_end(struct charset *cs, struct buf *out)
{
	if (cs->kind == OTHER) {
		feed_other(cs, "", 0, 1, out);
		ucnv_resetToUnicode(cs->converter);
	}
	if (cs->high != 0)
		charset_put(out, REPLACEMENT);
	cs->high = 0;
	put_latin(cs->kept, cs->nkept, out);
	cs->nkept = 0;
}
