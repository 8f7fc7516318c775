/* body_lines.c - see body_lines.h. */
#include "checks/body_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"

struct body_line {
	size_t start, len;
	bool ends;
};

/* Fewer are looked at one by one. */
enum { FEW = 3 };

bool
body_lines_add(struct body_lines *b, const char *text, size_t len, bool ends)
{
	if (b->text.len + len >= BODY_LINES_MOST)
		return false;
	if (b->count == b->room) {
		b->room = b->room > 0 ? b->room * 2 : 64;
		b->lines = realloc(b->lines, b->room * sizeof *b->lines);
		if (b->lines == NULL)
			fatal("out of memory");
	}
	b->lines[b->count++] = (struct body_line){ b->text.len, len, ends };
	b->nul = b->nul || (len > 0 && memchr(text, '\0', len) != NULL);
	buf_put(&b->text, text, len);
	buf_putc(&b->text, '\n');
	return true;
}

/* The lines from..to, and what they are for. */
struct walk {
	const struct body_lines *b;
	const struct body_lines_ops *ops;
	void *arg;
};

static void
pass(const struct walk *w, size_t from, size_t to, bool silent)
{
	for (const struct body_line *l = &w->b->lines[from];
	     l < &w->b->lines[to]; l++)
		w->ops->line(w->arg, w->b->text.data + l->start, l->len,
		    l->ends, silent);
}

/* By halves: where one line may be in a table, few others are near it. */
static void
look(const struct walk *w, size_t from, size_t to)
{
	const struct body_line *last = &w->b->lines[to - 1];
	size_t start = w->b->lines[from].start;
	enum table_hint hint = TABLE_UNKNOWN;

	if (to - from > FEW)
		hint = w->ops->hint(w->arg, w->b->text.data + start,
		    last->start + last->len - start);
	if (hint == TABLE_PERHAPS) {
		look(w, from, from + (to - from) / 2);
		look(w, from + (to - from) / 2, to);
	} else {
		pass(w, from, to, hint == TABLE_SILENT);
	}
}

void
body_lines_look(
    struct body_lines *b, const struct body_lines_ops *ops, void *arg)
{
	const struct walk w = { b, ops, arg };

	/* What is looked up has a blank in place of a NUL. */
	if (b->nul)
		pass(&w, 0, b->count, false);
	else if (b->count > 0)
		look(&w, 0, b->count);
	b->count = 0;
	b->nul = false;
	buf_reset(&b->text);
}

void
body_lines_free(struct body_lines *b)
{
	free(b->lines);
	buf_free(&b->text);
}
