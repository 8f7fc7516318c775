/* attachment_name.c - see attachment_name.h.  Readers differ in what they make of
 * a malformed header; a name that one of them would show is not to be missed, so
 * that there is no parser here, but a search. */
#include "checks/attachment_name.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/charset.h"
#include "base/fatal.h"
#include "checks/encoded_word.h"
#include "checks/text_lines.h"

/* A value as it was found: name=, name*=, name*1= or name*1*=. */
struct piece {
	size_t at, len; /* in struct search's ${text} */
	unsigned long number;
	bool extended;
};

/* Every reading of so many values of a header is told, and one of each value behind
 * those: what a header costs is in proportion to its length. */
enum { MOST_READ_TWICE = 16 };

struct search {
	const struct attachment_name_sink *sink;
	size_t found;
	struct buf text; /* of the pieces */
	struct piece *pieces;
	size_t count, room;
};

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void
attachment_name_tell(
    const char *text, size_t len, const struct attachment_name_sink *sink)
{
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;
	struct buf clean = { 0 };
	size_t n;

	text_lines_clean(text, len, &clean);
	n = clean.len;
	if (n > 0)
		sink->name(sink->arg, clean.data, n);
	while (n > 0 && (clean.data[n - 1] == ' ' || clean.data[n - 1] == '.'))
		n--;
	if (n > 0 && n < clean.len)
		sink->name(sink->arg, clean.data, n);
	buf_reset(&clean);
	if (nul != NULL)
		text_lines_clean(text, (size_t)(nul - text), &clean);
	if (clean.len > 0)
		sink->name(sink->arg, clean.data, clean.len);
	buf_free(&clean);
}

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *p = c != '\0' ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) % 16 : -1;
}

static void
percent_decode(const char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%' && i + 2 < n && hex(p[i + 1]) >= 0 &&
		    hex(p[i + 2]) >= 0) {
			buf_putc(
			    out, (char)(hex(p[i + 1]) * 16 + hex(p[i + 2])));
			i += 2;
		} else {
			buf_putc(out, p[i]);
		}
	}
}

static void
tell_in_charset(const char *charset, size_t charset_len, const char *text,
    size_t n, const struct attachment_name_sink *sink)
{
	struct charset *cs = charset_open(charset, charset_len);
	struct buf out = { 0 };

	charset_feed(cs, text, n, &out);
	charset_end(cs, &out);
	charset_close(cs);
	attachment_name_tell(buf_str(&out), out.len, sink);
	buf_free(&out);
}

/* A value as it is, and with each code that it may be in. */
static void
tell_value(const char *p, size_t n, const struct attachment_name_sink *sink)
{
	struct buf out = { 0 };

	tell_in_charset("", 0, p, n, sink);
	if (n > 0 && memmem(p, n, "=?", 2) != NULL) {
		encoded_word_decode(p, n, &out);
		attachment_name_tell(buf_str(&out), out.len, sink);
	}
	buf_reset(&out);
	if (n > 0 && memchr(p, '%', n) != NULL) {
		percent_decode(p, n, &out);
		tell_in_charset("", 0, out.data, out.len, sink);
	}
	buf_free(&out);
}

/* "charset'language'text", if it is. */
static void
split(const char **p, size_t *n, const char **charset, size_t *charset_len)
{
	const char *end = *p + *n;
	const char *first = *n > 0 ? memchr(*p, '\'', *n) : NULL;
	const char *second;

	*charset = "";
	*charset_len = 0;
	if (first == NULL)
		return;
	second = memchr(first + 1, '\'', (size_t)(end - first - 1));
	if (second == NULL)
		return;
	*charset = *p;
	*charset_len = (size_t)(first - *p);
	*p = second + 1;
	*n = (size_t)(end - *p);
}

static void
tell_extended(const char *p, size_t n, const struct attachment_name_sink *sink)
{
	struct buf out = { 0 };
	const char *charset;
	size_t charset_len;

	tell_value(p, n, sink);
	split(&p, &n, &charset, &charset_len);
	percent_decode(p, n, &out);
	tell_in_charset(charset, charset_len, buf_str(&out), out.len, sink);
	buf_free(&out);
}

static void
add_piece(struct search *s, const struct piece *like, const char *p, size_t n)
{
	struct piece *piece;

	if (s->count == s->room) {
		s->room = s->room > 0 ? 2 * s->room : 8;
		s->pieces = realloc(s->pieces, s->room * sizeof *s->pieces);
		if (s->pieces == NULL)
			fatal("out of memory");
	}
	piece = &s->pieces[s->count++];
	*piece = *like;
	piece->at = s->text.len;
	piece->len = n;
	buf_put(&s->text, p, n);
}

static int
by_number(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* All pieces as they stand now; of those with one number the first, if ${once}. */
static void
tell_pieces(const struct search *s, bool once)
{
	struct buf out = { 0 };
	const char *charset = "", *p, *none;
	size_t charset_len = 0, n, none_len;

	for (size_t i = 0; i < s->count; i++) {
		const struct piece *piece = &s->pieces[i];

		if (once && i > 0 && piece->number == piece[-1].number)
			continue;
		p = buf_str(&s->text) + piece->at;
		n = piece->len;
		if (!piece->extended) {
			buf_put(&out, p, n);
			continue;
		}
		if (charset_len == 0)
			split(&p, &n, &charset, &charset_len);
		else if (piece->number == 0)
			split(&p, &n, &none, &none_len);
		percent_decode(p, n, &out);
	}
	tell_in_charset(charset, charset_len, buf_str(&out), out.len, s->sink);
	tell_value(buf_str(&out), out.len, s->sink);
	buf_free(&out);
}

static void
take_value(struct search *s, const struct piece *like, const char *p, size_t n)
{
	if (like->number != (unsigned long)-1)
		add_piece(s, like, p, n);
	if (like->extended)
		tell_extended(p, n, s->sink);
	else
		tell_value(p, n, s->sink);
}

/* Folded lines are put together with and without their white space. */
static void
take_folded(struct search *s, const struct piece *like, const char *p, size_t n)
{
	struct buf with = { 0 }, without = { 0 };
	bool after_newline = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' || p[i] == '\r') {
			after_newline = true;
			continue;
		}
		buf_putc(&with, p[i]);
		after_newline = after_newline && blank(p[i]);
		if (!after_newline)
			buf_putc(&without, p[i]);
	}
	take_value(s, like, buf_str(&with), with.len);
	if (without.len < with.len)
		tell_value(buf_str(&without), without.len, s->sink);
	buf_free(&with);
	buf_free(&without);
}

/* A quoted string; ${p} stands behind the quote.  Return where it ends. */
static const char *
take_quoted(
    struct search *s, const struct piece *like, const char *p, const char *end)
{
	struct buf plain = { 0 };
	const char *start = p;
	bool escapes = false;

	for (; p < end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < end) {
			escapes = true;
			p++;
		}
		buf_putc(&plain, *p);
	}
	take_folded(s, like, buf_str(&plain), plain.len);
	if (escapes)
		tell_value(start, (size_t)(p - start), s->sink);
	buf_free(&plain);
	return p;
}

/* What stands there up to the next ";" or the end, without quotes. */
static void
take_rest(struct search *s, const char *p, const char *end)
{
	const char *semicolon = memchr(p, ';', (size_t)(end - p));
	struct buf rest = { 0 };

	if (semicolon != NULL)
		end = semicolon;
	while (end > p && blank(end[-1]))
		end--;
	for (; p < end; p++)
		if (*p != '"' && *p != '\n')
			buf_putc(&rest, *p);
	tell_value(buf_str(&rest), rest.len, s->sink);
	if (rest.len > 1 && rest.data[0] == '\'' &&
	    rest.data[rest.len - 1] == '\'')
		tell_value(rest.data + 1, rest.len - 2, s->sink);
	buf_free(&rest);
}

/* ${p} stands behind a "=".  Return where the value ends. */
static const char *
take_values(
    struct search *s, const struct piece *like, const char *p, const char *end)
{
	const char *start, *word;

	while (p < end && blank(*p))
		p++;
	start = p;
	if (p < end && *p == '"') {
		p = take_quoted(s, like, p + 1, end);
		word = p < end ? p + 1 : end;
		if (word < end && *word != ';' && !blank(*word) &&
		    s->found <= MOST_READ_TWICE)
			take_rest(s, start, end);
		return p;
	}
	for (word = p; word < end && !blank(*word) && *word != ';';)
		word++;
	take_value(s, like, p, (size_t)(word - p));
	if (s->found <= MOST_READ_TWICE)
		take_rest(s, start, end);
	return word;
}

/* ${p} stands behind "name".  Where its value begins, if it has one. */
static const char *
parse(const char *p, const char *end, struct piece *like)
{
	*like = (struct piece){ .number = (unsigned long)-1 };
	if (p < end && *p == '*') {
		p++;
		if (p < end && *p >= '0' && *p <= '9')
			like->number = 0;
		else
			like->extended = true;
		for (; p < end && *p >= '0' && *p <= '9'; p++)
			if (like->number < 1000000)
				like->number =
				    like->number * 10 + (unsigned)(*p - '0');
		if (!like->extended && p < end && *p == '*') {
			like->extended = true;
			p++;
		}
	}
	while (p < end && blank(*p))
		p++;
	return p < end && *p == '=' ? p + 1 : NULL;
}

static bool
part_of_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void
search(struct search *s, const char *text, const char *end, const char *name)
{
	size_t n = strlen(name);
	const char *value;
	struct piece like;

	s->count = 0;
	buf_reset(&s->text);
	for (const char *p = text; (size_t)(end - p) > n; p++) {
		if ((p > text && part_of_word(p[-1])) ||
		    strncasecmp(p, name, n) != 0)
			continue;
		value = parse(p + n, end, &like);
		if (value == NULL)
			continue;
		s->found++;
		value = take_values(s, &like, value, end);
		if (s->found > MOST_READ_TWICE)
			p = value - 1;
	}
	if (s->count == 0)
		return;
	tell_pieces(s, false);
	qsort(s->pieces, s->count, sizeof *s->pieces, by_number);
	tell_pieces(s, true);
}

bool
attachment_name_find(
    const char *text, size_t len, const struct attachment_name_sink *sink)
{
	struct search s = { .sink = sink };

	search(&s, text, text + len, "name");
	search(&s, text, text + len, "filename");
	free(s.pieces);
	buf_free(&s.text);
	return s.found <= MOST_READ_TWICE;
}
