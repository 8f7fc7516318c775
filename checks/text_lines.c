/* text_lines.c - see text_lines.h. */
#include "checks/text_lines.h"

struct range {
	unsigned long first, last;
};

/* Characters that show nothing where they stand, in words too. */
static const struct range unseen[] = {
	{ 0x0000, 0x0008 }, /* controls */
	{ 0x000E, 0x001F }, { 0x007F, 0x009F },
	{ 0x00AD, 0x00AD },   /* soft hyphen */
	{ 0x034F, 0x034F },   /* combining grapheme joiner */
	{ 0x061C, 0x061C },   /* Arabic letter mark */
	{ 0x115F, 0x1160 },   /* Hangul fillers */
	{ 0x17B4, 0x17B5 },   /* Khmer inherent vowels */
	{ 0x180B, 0x180F },   /* Mongolian selectors */
	{ 0x200B, 0x200F },   /* zero width, and marks of direction */
	{ 0x202A, 0x202E },   /* directions */
	{ 0x2060, 0x206F },   /* word joiner and other controls */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xFE00, 0xFE0F },   /* variation selectors */
	{ 0xFEFF, 0xFEFF },   /* byte order mark */
	{ 0xFFA0, 0xFFA0 },   /* Hangul filler */
	{ 0xFFF9, 0xFFFB },   /* annotations */
	{ 0x1BCA0, 0x1BCA3 }, /* shorthand controls */
	{ 0x1D173, 0x1D17A }, /* musical controls */
	{ 0xE0000, 0xE0FFF }, /* tags and selectors */
};

static const struct range blanks[] = {
	{ 0x0009, 0x0009 },
	{ 0x000B, 0x000C },
	{ 0x00A0, 0x00A0 },
	{ 0x1680, 0x1680 },
	{ 0x2000, 0x200A },
	{ 0x2028, 0x2029 },
	{ 0x202F, 0x202F },
	{ 0x205F, 0x205F },
	{ 0x3000, 0x3000 },
};

static bool
within(const struct range *ranges, size_t n, unsigned long code)
{
	for (size_t i = 0; i < n && code >= ranges[i].first; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

/* The character of ${n} octets, which are valid UTF-8. */
static unsigned long
decode(const char *p, size_t n)
{
	static const unsigned char masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	unsigned long code = (unsigned char)*p & masks[n];

	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)p[i] & 0x3F);
	return code;
}

static size_t
length(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	size_t len = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

	return len < n ? len : n;
}

/* Add the character at ${p} and return its length. */
static size_t
put(struct buf *out, const char *p, size_t n)
{
	size_t len = length(p, n);
	unsigned long code = decode(p, len);

	if (within(blanks, sizeof blanks / sizeof *blanks, code))
		buf_putc(out, ' ');
	else if (!within(unseen, sizeof unseen / sizeof *unseen, code))
		buf_put(out, p, len);
	return len;
}

void
text_lines_clean(const char *text, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len;)
		i += put(out, text + i, len - i);
}

static void
tell(struct text_lines *l)
{
	if (l->inked && l->kept.len > l->old)
		l->line(l->arg, l->kept.data, l->kept.len);
	l->inked = false;
}

/* The line is full: tell it, and keep its end for the next piece. */
static void
cut(struct text_lines *l)
{
	size_t from = l->kept.len - l->longest / 4;

	tell(l);
	while (from < l->kept.len && (l->kept.data[from] & 0xC0) == 0x80)
		from++;
	buf_drop(&l->kept, from);
	l->old = l->kept.len;
}

static void
end_line(struct text_lines *l)
{
	tell(l);
	buf_reset(&l->kept);
	l->old = 0;
}

void
text_lines_feed(struct text_lines *l, const char *text, size_t n)
{
	size_t used;

	for (; n > 0; text += used, n -= used) {
		if (*text == '\n' || *text == '\r') {
			used = 1;
			end_line(l);
			continue;
		}
		if (l->kept.len + length(text, n) > l->longest)
			cut(l);
		used = put(&l->kept, text, n);
		if (l->kept.len > l->old &&
		    l->kept.data[l->kept.len - 1] != ' ')
			l->inked = true;
	}
}

void
text_lines_end(struct text_lines *l)
{
	end_line(l);
}

void
text_lines_free(struct text_lines *l)
{
	buf_free(&l->kept);
}
