/* Lines that are looked at together come out one by one, in order. */
#include "checks/body_lines.h"

#include "t/tap.h"

/* Lines with an "x" may be in a table. */
struct seen {
	struct buf text;
	unsigned hints, asked;
	bool known;
};

static enum table_hint
hint(void *arg, const char *text, size_t len)
{
	struct seen *s = arg;

	s->hints++;
	if (!s->known)
		return TABLE_UNKNOWN;
	return memchr(text, 'x', len) != NULL ? TABLE_PERHAPS : TABLE_SILENT;
}

static void
line(void *arg, const char *text, size_t len, bool ends, bool silent)
{
	struct seen *s = arg;

	ok(!silent || memchr(text, 'x', len) == NULL, "silent if it is");
	s->asked += !silent;
	buf_put(&s->text, text, len);
	buf_putc(&s->text, ends ? ';' : ',');
}

static const struct body_lines_ops ops = { .hint = hint, .line = line };

static void
test_order(struct body_lines *b)
{
	struct seen s = { .known = true };

	body_lines_look(b, &ops, &s);
	ok(s.hints == 0 && s.text.len == 0, "nothing");
	ok(body_lines_add(b, "one", 3, true), "a line");
	ok(body_lines_add(b, "", 0, true), "an empty one");
	ok(body_lines_add(b, "two", 3, false), "a part of one");
	body_lines_look(b, &ops, &s);
	is(buf_str(&s.text), "one;;two,", "in order");
	ok(s.hints == 0 && s.asked == 3, "a few are looked at one by one");
	buf_reset(&s.text);
	body_lines_look(b, &ops, &s);
	ok(s.text.len == 0, "once");
	buf_free(&s.text);
}

static void
test_halves(struct body_lines *b)
{
	struct seen s = { .known = true };
	struct buf want = { 0 };
	char text[8];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(
		    text, sizeof text, "%d%s", i, i == 700 ? "x" : "");
		(void)body_lines_add(b, text, strlen(text), true);
		buf_printf(&want, "%s;", text);
	}
	body_lines_look(b, &ops, &s);
	is(buf_str(&s.text), buf_str(&want), "a thousand, in order");
	ok(s.asked <= 4, "one may be found: %u are asked for", s.asked);
	ok(s.hints <= 25, "after %u looks", s.hints);
	buf_free(&s.text);
	buf_free(&want);
}

static void
test_unknown(struct body_lines *b)
{
	struct seen s = { .known = false };

	for (int i = 0; i < 10; i++)
		(void)body_lines_add(b, "a", 1, true);
	body_lines_look(b, &ops, &s);
	ok(s.hints == 1 && s.asked == 10, "nothing is known: all are asked");
	s = (struct seen){ .known = true, .text = s.text };
	for (int i = 0; i < 10; i++)
		(void)body_lines_add(b, "a\0b", i == 5 ? 3 : 1, true);
	body_lines_look(b, &ops, &s);
	ok(s.hints == 0 && s.asked == 10, "a NUL: so are they");
	for (int i = 0; i < 10; i++)
		(void)body_lines_add(b, "a", 1, true);
	body_lines_look(b, &ops, &s);
	ok(s.hints == 1 && s.asked == 10, "which is forgotten with its lines");
	buf_free(&s.text);
}

static void
test_most(struct body_lines *b)
{
	struct seen s = { .known = true };
	static char text[1000];
	unsigned n = 0;

	memset(text, 'y', sizeof text);
	while (body_lines_add(b, text, sizeof text, true))
		n++;
	ok(n == BODY_LINES_MOST / (sizeof text + 1), "there is a limit");
	body_lines_look(b, &ops, &s);
	ok(s.text.len == n * (sizeof text + 1), "all come out");
	buf_free(&s.text);
}

int
main(void)
{
	struct body_lines b = { .count = 0 };

	test_order(&b);
	test_halves(&b);
	test_unknown(&b);
	test_most(&b);
	body_lines_free(&b);
	return done_testing();
}
