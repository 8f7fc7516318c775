/* Footers behind replies: Postfix's own cases (tables.json, reply_footer, not
 * part of this tree) and what they leave open. */
#include "proxy/reply_footer.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macro.h"
#include "t/json.h"
#include "t/tap.h"

static struct arena *arena;

static const char *
find(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "whatever") == 0 ? "DUMMY" : NULL;
}

static const struct macro macro = { .find = find };

static enum reply_footer_result
apply(const char *reply, const char *template, struct buf *out, struct err *err)
{
	buf_puts(out, "250 before\r\n");
	buf_puts(out, reply);
	return reply_footer_add(
	    out, strlen("250 before\r\n"), template, &macro, err);
}

/* The next member of a row of a C table: a string, or a word as it is. */
static const char *
member(const char **row)
{
	struct buf out = { 0 };
	const char *p = *row + strspn(*row, " {,"), *text;

	if (*p != '"') {
		size_t n = strcspn(p, ",}");

		*row = p + n;
		return arena_strndup(arena, p, n);
	}
	for (p++; *p != '"' && *p != '\0'; p++) {
		char c = *p;

		if (c == '\\') {
			c = *++p;
			if (c == 'n' || c == 'r')
				c = c == 'n' ? '\n' : '\r';
		}
		buf_putc(&out, c);
	}
	*row = p + 1;
	text = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return text;
}

static void
play(const char *row)
{
	static const char *const names[] = { "NO_ERROR", "BAD_SMTP",
		"BAD_MACRO" };
	const char *title = member(&row), *reply, *template, *status, *want;
	struct buf out = { 0 };
	struct err err = { 0 };
	enum reply_footer_result result;

	(void)member(&row); /* the driver's function */
	reply = member(&row);
	template = member(&row);
	(void)member(&row); /* no filter */
	status = member(&row);
	want = member(&row);
	if (strcmp(template, "NO_TEMPLATE") == 0)
		template = "x";
	result = apply(reply, template, &out, &err);
	ok(strcmp(names[result], status) == 0, "%s: %s", title, status);
	if (result != REPLY_FOOTER_OK)
		want = reply;
	ok(strcmp(buf_str(&out) + 12, want) == 0, "%s: the reply", title);
	if (strcmp(buf_str(&out) + 12, want) != 0)
		printf("# got %s\n", buf_str(&out));
	if (result == REPLY_FOOTER_BAD_MACRO) {
		const char *why = member(&row);

		ok(strstr(err.text, why) != NULL, "%s: %s", title, why);
		if (strstr(err.text, why) == NULL)
			printf("# got %s\n", err.text);
	}
	buf_free(&out);
}

static void
gives(
    const char *reply, const char *template, const char *want, const char *what)
{
	struct buf out = { 0 };
	struct err err = { 0 };
	bool good = apply(reply, template, &out, &err) == REPLY_FOOTER_OK &&
	    strcmp(buf_str(&out) + 12, want) == 0;

	ok(good, "%s", what);
	if (!good)
		printf("# got %s\n", buf_str(&out));
	buf_free(&out);
}

static void
limits(void)
{
	struct buf out = { 0 };
	struct err err = { 0 };
	char longer[1000];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	ok(apply("550 a\r\n", longer, &out, &err) == REPLY_FOOTER_OK &&
		out.len == 12 + 7 + 512,
	    "a line of a footer is cut at 512 octets");
	buf_free(&out);
}

int
main(void)
{
	const struct json *all, *row;

	arena = arena_new();
	gives("550 5.1.1 A\r\n", "b\\n$whatever",
	    "550-5.1.1 A\r\n550-5.1.1 b\r\n550 5.1.1 DUMMY\r\n",
	    "two lines of footer");
	gives("550 5.1.1 A\r\n", "\\c. b\\nc",
	    "550-5.1.1 A. b\r\n550 5.1.1 c\r\n", "one goes on, one begins");
	gives("550 A\r\n", "b \\c c", "550-A\r\n550 b \\c c\r\n",
	    "\\c means nothing but at the start");
	gives("550 A\r\n", "$unknown.", "550-A\r\n550 .\r\n",
	    "a name without a value is nothing");
	gives("550 A\r\n", "a\rb\x01", "550-A\r\n550 a?b?\r\n",
	    "control characters never reach a client");
	limits();
	all = json_shared("tables.json", arena);
	if (all == NULL)
		printf("# no conformance folder: 13 cases are left out\n");
	row = all != NULL ? json_items(all, "reply_footer") : NULL;
	for (; row != NULL; row = row->next)
		play(row->text);
	arena_free(arena);
	return done_testing();
}
