/* listing.c - see listing.h. */
#include "weir/listing.h"

#include <stdio.h>
#include <string.h>

#include "base/json_text.h"

enum { WIDTH = 80 };

static const char blanks[] = " \t\r\n\v\f";
static const char indent[] = "    ";

static void
put(struct listing *l, const char *text, size_t n)
{
	buf_put(&l->line, text, n);
	l->column += n;
}

/* Does the line end where a word has been, so that a blank must follow? */
static bool
after_word(const struct listing *l)
{
	return l->column > 0 && l->line.data[l->line.len - 1] != ' ';
}

static void
put_word(struct listing *l, const char *word, size_t n)
{
	if (l->fold && after_word(l) && l->column + 1 + n > WIDTH)
		listing_break(l);
	if (after_word(l))
		put(l, " ", 1);
	put(l, word, n);
}

void
listing_word(struct listing *l, const char *word)
{
	put_word(l, word, strlen(word));
}

void
listing_text(struct listing *l, const char *text)
{
	size_t n;

	for (text += strspn(text, blanks); *text != '\0';
	     text += strspn(text, blanks)) {
		n = strcspn(text, blanks);
		put_word(l, text, n);
		text += n;
	}
}

void
listing_break(struct listing *l)
{
	if (!l->fold || l->column == 0)
		return;
	buf_putc(&l->line, '\n');
	l->column = 0;
	put(l, indent, sizeof indent - 1);
}

void
listing_column(struct listing *l, size_t column)
{
	do
		put(l, " ", 1);
	while (l->column < column);
}

void
listing_origin(struct listing *l, struct origin origin)
{
	if (!l->origins)
		return;
	if (!l->json) {
		if (origin.file == NULL)
			buf_puts(&l->line, "default: ");
		else if (origin.line == 0)
			buf_printf(&l->line, "%s: ", origin.file);
		else
			buf_printf(
			    &l->line, "%s:%u: ", origin.file, origin.line);
		return;
	}
	if (origin.file != NULL)
		listing_member(l, "file", origin.file);
	if (origin.file != NULL && origin.line > 0)
		buf_printf(&l->line, ", \"line\": %u", origin.line);
}

void
listing_member(struct listing *l, const char *name, const char *value)
{
	buf_puts(&l->line, l->line.len == 0 ? "{" : ", ");
	json_text_put(&l->line, name);
	buf_puts(&l->line, ": ");
	json_text_put(&l->line, value);
}

bool
listing_label(
    struct listing *l, const struct listing_label *label, struct origin origin)
{
	struct buf name = { 0 };

	if (l->json) {
		if (label->service != NULL) {
			listing_member(l, "service", label->service);
			listing_member(l, "type", label->type);
		}
		listing_member(l, label->kind, label->name);
		return true;
	}
	listing_origin(l, origin);
	if (label->service != NULL)
		buf_printf(&name, "%s/%s/", label->service, label->type);
	buf_puts(&name, label->name);
	if (!l->no_labels)
		listing_word(l, buf_str(&name));
	if (!l->no_labels && !l->no_values)
		listing_word(l, "=");
	buf_free(&name);
	return !l->no_values;
}

/* ${text} with one blank where there is white space. */
static void
put_member_text(struct listing *l, const char *name, const char *text)
{
	struct listing plain = { 0 };

	listing_text(&plain, text);
	listing_member(l, name, buf_str(&plain.line));
	buf_free(&plain.line);
}

void
listing_value(struct listing *l, const struct listing_label *label,
    const struct conf_value *value)
{
	if (listing_label(l, label, value->origin)) {
		if (l->json) {
			put_member_text(l, "value", value->text);
			listing_origin(l, value->origin);
		} else {
			listing_text(l, value->text);
		}
	}
	listing_end(l);
}

void
listing_take(struct listing *l, struct buf *out)
{
	buf_put(out, buf_str(&l->line), l->line.len);
	if (l->json)
		buf_putc(out, '}');
	buf_putc(out, '\n');
	buf_reset(&l->line);
	l->column = 0;
}

void
listing_end(struct listing *l)
{
	struct buf out = { 0 };

	listing_take(l, &out);
	(void)fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
}
