/* The end of a message, as hostile.md 2.1 has it (rows 1-28). */
#include "proxy/body.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "t/tap.h"

/* What is put into a message between "a" and "b<CRLF>.<CRLF>". */
struct sequence {
	const char *name, *text;
	size_t len;
	bool ends_loose; /* with smtpd_forbid_bare_newline = no, as Postfix */
	bool ends;       /* it holds a true terminator */
	bool bare;
};
#define S(name, text, ...)                                                     \
	{                                                                      \
		name, text, sizeof(text) - 1, __VA_ARGS__                      \
	}

/* clang-format off */
static const struct sequence sequences[] = {
	S("LF.LF", "\n.\n", true, false, true),
	S("LF.CRLF", "\n.\r\n", true, false, true),
	S("CRLF.LF", "\r\n.\n", true, false, true),
	S("LFLF.LFLF", "\n\n.\n\n", true, false, true),
	S("CRLF.LFCRLF", "\r\n.\n\r\n", true, false, true),
	S("CR NUL LF.CRLF", "\r\0\n.\r\n", true, false, true),
	S("CRLF.CRCRLF", "\r\n.\r\r\n", true, false, false),
	S("CRCRLF.CRCRLF", "\r\r\n.\r\r\n", true, false, false),
	S("LF.CR", "\n.\r", false, false, true),
	S("CR.LF", "\r.\n", false, false, true),
	S("LFCR.LFCR", "\n\r.\n\r", false, false, true),
	S("CRLF.CR NUL LF", "\r\n.\r\0\n", false, false, true),
	S("CR.CR", "\r.\r", false, false, false),
	S("CR.CRLF", "\r.\r\n", false, false, false),
	S("CRLF.CR", "\r\n.\r", false, false, false),
	S("CRLF NUL.CRLF", "\r\n\0.\r\n", false, false, false),
	S("CRLF.NUL CRLF", "\r\n.\0\r\n", false, false, false),
	S("CRLF. SP CRLF", "\r\n. \r\n", false, false, false),
	S("CRLF. TAB CRLF", "\r\n.\t\r\n", false, false, false),
	S("CRLF. VT CRLF", "\r\n.\v\r\n", false, false, false),
	S("NEL . NEL", "\xc2\x85.\xc2\x85", false, false, false),
	S("U+2028 . U+2028", "\xe2\x80\xa8.\xe2\x80\xa8", false, false, false),
	S("NUL CRLF.CRLF", "\0\r\n.\r\n", true, true, false),
	S("CRLF.CRLF NUL", "\r\n.\r\n\0", true, true, false),
	S("LF LF.CRLF", "\n\n.\r\n", true, false, true),
	S("CRLF..CRLF", "\r\n..\r\n", false, false, false),
};
/* clang-format on */
enum { COUNT = sizeof sequences / sizeof sequences[0] };

struct outcome {
	bool ended;
	size_t used;
	struct buf text;
	bool bare;
};

/* Decode ${in} in pieces that end at ${a} and ${b}. */
static struct outcome
decode(const struct buf *in, bool loose, size_t a, size_t b)
{
	struct outcome o = { 0 };
	struct body body = { .loose = loose };
	size_t ends[] = { a, b, in->len }, used;

	for (size_t i = 0; i < 3 && !o.ended; i++) {
		if (ends[i] <= o.used)
			continue;
		o.ended = body_decode(&body, in->data + o.used,
			      ends[i] - o.used, &o.text, &used) == BODY_END;
		o.used += used;
	}
	o.bare = body.bare_lf;
	return o;
}

static bool
same(const struct outcome *x, const struct outcome *y)
{
	return x->ended == y->ended && x->used == y->used &&
	    x->bare == y->bare && x->text.len == y->text.len &&
	    (x->text.len == 0 ||
		memcmp(x->text.data, y->text.data, x->text.len) == 0);
}

/* Only CRLF ends lines, and there are no bare CR, bare LF, NUL (row 25). */
static bool
clean(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++) {
		if (b->data[i] == '\0' ||
		    (b->data[i] == '\n' && (i == 0 || b->data[i - 1] != '\r')))
			return false;
		if (b->data[i] == '\r' &&
		    (i + 1 == b->len || b->data[i + 1] != '\n'))
			return false;
	}
	return true;
}

static bool
every_split(const struct buf *in, bool loose)
{
	struct outcome whole = decode(in, loose, 0, 0);
	bool ok = clean(&whole.text);

	for (size_t a = 0; a <= in->len && ok; a++)
		for (size_t b = a; b <= in->len && ok; b++) {
			struct outcome o = decode(in, loose, a, b);

			ok = same(&whole, &o);
			buf_free(&o.text);
		}
	buf_free(&whole.text);
	return ok;
}

static void
check(const struct sequence *s)
{
	struct buf in = { 0 };
	struct outcome o;

	buf_puts(&in, "x: y\r\n\r\na");
	buf_put(&in, s->text, s->len);
	buf_puts(&in, "MAIL FROM:<evil>\r\n.\r\n");
	o = decode(&in, false, 0, 0);
	ok(o.ended && (o.used == in.len) == !s->ends,
	    "rows 1-24: %s %s the message", s->name,
	    s->ends ? "ends" : "does not end");
	ok(o.bare == s->bare, "%s: bare LF is %sseen", s->name,
	    s->bare ? "" : "not ");
	ok(every_split(&in, false), "row 27: %s in any two pieces", s->name);
	buf_free(&o.text);
	o = decode(&in, true, 0, 0);
	ok((o.used < in.len) == s->ends_loose,
	    "%s, with smtpd_forbid_bare_newline = no", s->name);
	ok(every_split(&in, true), "%s in any two pieces, loose", s->name);
	buf_free(&o.text);
	buf_free(&in);
}

static void
becomes(const char *in, size_t n, const char *out, const char *what)
{
	struct buf b = { 0 };
	struct outcome o;

	buf_put(&b, in, n);
	o = decode(&b, false, 0, 0);
	ok(o.ended && o.text.len == strlen(out) &&
		memcmp(buf_str(&o.text), out, o.text.len) == 0,
	    "%s", what);
	buf_free(&o.text);
	buf_free(&b);
}
#define BECOMES(in, out, what) becomes(in, sizeof(in) - 1, out, what)

static void
many_returns(void)
{
	struct buf in = { 0 };
	struct outcome o;

	for (int i = 0; i < 5000; i++)
		buf_putc(&in, '\r');
	buf_puts(&in, "x\r\n.\r\n");
	o = decode(&in, false, 0, 0);
	ok(o.ended && o.text.len == 5003 && clean(&o.text),
	    "5000 bare CRs become blanks, in bounded steps");
	ok(every_split(&(struct buf){ in.data + 4990, 16, 0 }, false),
	    "and their end in any pieces");
	buf_free(&o.text);
	buf_free(&in);
}

/* The same octets in two chunks. */
static struct buf
chunks(const struct buf *in, size_t at)
{
	struct body body = { .chunked = true };
	struct buf text = { 0 };
	size_t used, all;

	(void)body_decode(&body, in->data, at, &text, &all);
	(void)body_decode(&body, in->data + at, in->len - at, &text, &used);
	body_finish(&body, &text);
	ok(all + used == in->len, "all of it is taken");
	return text;
}

static void
chunked(const char *in, size_t n, const char *out, const char *what)
{
	struct buf all = { 0 };

	buf_put(&all, in, n);
	for (size_t at = 0; at <= n; at++) {
		struct buf text = chunks(&all, at);

		is(buf_str(&text), out, "%s", what);
		buf_free(&text);
	}
	buf_free(&all);
}
#define CHUNKED(in, out, what) chunked(in, sizeof(in) - 1, out, what)

/* Row 43: in a chunk, nothing is the end, and dots are dots. */
static void
in_chunks(void)
{
	CHUNKED("", "", "nothing is an empty message");
	CHUNKED("a\r\n.\r\nb\r\n", "a\r\n.\r\nb\r\n", "CRLF.CRLF");
	CHUNKED("a\n.\nb\r\n", "a\r\n.\r\nb\r\n", "LF.LF");
	CHUNKED("..a\r\n", "..a\r\n", "two dots");
	CHUNKED("a", "a\r\n", "a last line without its end");
	CHUNKED("a\r", "a \r\n", "... with the half of it");
	CHUNKED("a\0b\rc\r\r\n", "ab c\r\n", "NUL, bare CR, many CRs");
	for (size_t i = 0; i < COUNT; i++) {
		struct buf all = { 0 }, text;

		buf_put(&all, sequences[i].text, sequences[i].len);
		text = chunks(&all, all.len / 2);
		ok(clean(&text), "%s in chunks is clean", sequences[i].name);
		buf_free(&text);
		buf_free(&all);
	}
}

int
main(void)
{
	for (size_t i = 0; i < COUNT; i++)
		check(&sequences[i]);
	BECOMES(".\r\n", "", "an empty message");
	BECOMES("..\r\n.\r\n", ".\r\n", "row 26: a line of one dot");
	BECOMES("...x\r\n.\r\n", "..x\r\n", "row 26: dots at line start");
	BECOMES("a.\r\n.\r\n", "a.\r\n", "a dot at line end stays");
	BECOMES("a\nb\r\n.\r\n", "a\r\nb\r\n", "a bare LF becomes CRLF");
	BECOMES("a\rb\r\n.\r\n", "a b\r\n", "a bare CR becomes a blank");
	BECOMES("a\0b\r\n.\r\n", "ab\r\n", "row 31: NUL is removed");
	BECOMES("a\r\r\n.\r\n", "a\r\n", "CRs before a line end go");
	many_returns();
	in_chunks();
	return done_testing();
}
