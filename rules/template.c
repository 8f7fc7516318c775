/* template.c - see template.h. */
#include "rules/template.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

struct piece {
	const char *text; /* or, NULL: */
	unsigned group;
};

struct template
{
	unsigned groups;
	size_t count;
	struct piece pieces[];
};

/* Where the name behind a '$' at ${p} stands, and where the text goes on. */
static enum template_fault
find_name(const char *p, const char **name, size_t *len, const char **rest)
{
	char open = *p, close = open == '{' ? '}' : ')';
	size_t depth = 0;

	if (open != '{' && open != '(') {
		*name = p;
		while (isalnum((unsigned char)*p) || *p == '_')
			p++;
		*len = (size_t)(p - *name);
		*rest = p;
		return *len > 0 ? TEMPLATE_GOOD : TEMPLATE_EMPTY_NAME;
	}
	*name = p + 1;
	for (; *p != '\0'; p++) {
		depth += *p == open;
		if (*p == close && --depth == 0)
			break;
	}
	if (*p == '\0')
		return TEMPLATE_TRUNCATED;
	*len = (size_t)(p - *name);
	*rest = p + 1;
	return *len > 0 ? TEMPLATE_GOOD : TEMPLATE_EMPTY_NAME;
}

/* Append a reference; *p stands behind its '$'. */
static enum template_fault
add_group(
    struct template *t, const char **p, struct arena *arena, const char **what)
{
	enum template_fault fault;
	const char *name;
	unsigned long n = 0;
	size_t len;

	fault = find_name(*p, &name, &len, p);
	if (fault != TEMPLATE_GOOD)
		return fault;
	*what = arena_strndup(arena, name, len);
	if (strspn(*what, "0123456789") != len)
		return TEMPLATE_NOT_A_NUMBER;
	/* No pattern has a million groups; the caller says so. */
	n = len > 6 ? 999999 : strtoul(*what, NULL, 10);
	if (n < 1)
		return TEMPLATE_OUT_OF_RANGE;
	t->pieces[t->count++].group = (unsigned)n;
	if (n > t->groups)
		t->groups = (unsigned)n;
	return TEMPLATE_GOOD;
}

struct template *
template_parse(struct arena *arena, const char *text,
    enum template_fault *fault, const char **what)
{
	size_t dollars = 0;
	struct template *t;
	struct buf literal = { 0 };

	for (const char *p = text; *p != '\0'; p++)
		dollars += *p == '$';
	t = arena_alloc(
	    arena, sizeof *t + (2 * dollars + 1) * sizeof t->pieces[0]);
	*fault = TEMPLATE_GOOD;
	while (*text != '\0' && *fault == TEMPLATE_GOOD) {
		if (*text != '$' || text[1] == '$') {
			text += *text == '$';
			buf_putc(&literal, *text++);
			continue;
		}
		if (literal.len > 0)
			t->pieces[t->count++].text =
			    arena_strdup(arena, literal.data);
		buf_reset(&literal);
		text++;
		*fault = add_group(t, &text, arena, what);
	}
	if (literal.len > 0)
		t->pieces[t->count++].text = arena_strdup(arena, literal.data);
	buf_free(&literal);
	return *fault == TEMPLATE_GOOD ? t : NULL;
}

unsigned
template_groups(const struct template *template)
{
	return template->groups;
}

static void
put_cleaned(struct buf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		bool folded = c == '\n' && i + 1 < n &&
		    (text[i + 1] == ' ' || text[i + 1] == '\t');

		if ((c < 32 && c != '\t' && !folded) || c == 127)
			c = ' ';
		buf_putc(out, (char)c);
	}
}

const char *
template_fill(const struct template *template, struct arena *arena,
    const char *subject, const struct template_span *spans)
{
	const struct piece *p = template->pieces;
	struct buf out = { 0 };
	const char *result;

	/* Most results are fixed. */
	if (template->groups == 0)
		return arena_strdup(arena, template->count > 0 ? p->text : "");
	for (size_t i = 0; i < template->count; i++, p++) {
		if (p->text != NULL)
			buf_puts(&out, p->text);
		else if (spans[p->group].from < spans[p->group].to)
			put_cleaned(&out, subject + spans[p->group].from,
			    spans[p->group].to - spans[p->group].from);
		if (out.len > TEMPLATE_MOST) {
			buf_cut(&out, TEMPLATE_MOST);
			break;
		}
	}
	result = arena_strndup(arena, buf_str(&out), out.len);
	buf_free(&out);
	return result;
}
