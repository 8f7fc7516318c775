/* tokens.c - see tokens.h.  Lenient, as mail readers are: what is malformed is
 * made the best of. */
#include "checks/tokens.h"

#include <string.h>
#include <strings.h>

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int
is_special(char c)
{
	return (unsigned char)c < 32 || c == 127 ||
	    strchr("()<>@,;:\\\"/[]?=", c) != NULL;
}

/* ${p} stands behind a '('; return what stands behind its ')'. */
static const char *
skip_comment(const char *p, const char *end)
{
	size_t level = 1;

	for (; p < end && level > 0; p++) {
		if (*p == '(')
			level++;
		else if (*p == ')')
			level--;
		else if (*p == '\\' && p + 1 < end)
			p++;
	}
	return p;
}

/* ${p} stands behind a '"'; append the string to ${out}, and return what
 * stands behind its end.  A folded line is unfolded. */
static const char *
take_quoted(const char *p, const char *end, struct buf *out)
{
	size_t start = out->len;

	for (; p < end && *p != '"'; p++) {
		if (*p == '\n') {
			while (out->len > start &&
			    is_blank(out->data[out->len - 1]))
				buf_cut(out, out->len - 1);
			continue;
		}
		if (*p == '\\' && ++p == end)
			break;
		buf_putc(out, *p);
	}
	return p < end ? p + 1 : end;
}

/* The token at t->p, which is neither blank nor comment nor the end. */
static char
take_token(struct tokens *t)
{
	const char *start = t->p++;

	if (*start == '"') {
		t->p = take_quoted(t->p, t->end, &t->memory);
		return TOKENS_QUOTED;
	}
	if (is_special(*start)) {
		buf_putc(&t->memory, *start);
		return *start;
	}
	while (t->p < t->end && !is_blank(*t->p) && !is_special(*t->p))
		t->p++;
	buf_put(&t->memory, start, (size_t)(t->p - start));
	return TOKENS_WORD;
}

int
tokens_next(struct tokens *t)
{
	size_t offsets[TOKENS_MOST] = { 0 }, before;
	int ended = 0;
	char type;

	buf_reset(&t->memory);
	t->count = 0;
	while (t->p < t->end && !ended) {
		if (is_blank(*t->p)) {
			t->p++;
		} else if (*t->p == ';') {
			t->p++;
			ended = 1;
		} else if (*t->p == '(') {
			t->p = skip_comment(t->p + 1, t->end);
		} else {
			before = t->memory.len;
			type = take_token(t);
			if (t->count == TOKENS_MOST) {
				buf_cut(&t->memory, before);
				continue;
			}
			buf_putc(&t->memory, '\0');
			offsets[t->count] = before;
			t->list[t->count++].type = type;
		}
	}
	for (size_t i = 0; i < t->count; i++)
		t->list[i].text = t->memory.data + offsets[i];
	return t->count > 0 || ended;
}

int
tokens_is(const struct tokens *t, size_t i, const char *word)
{
	return i < t->count && t->list[i].type == TOKENS_WORD &&
	    strcasecmp(t->list[i].text, word) == 0;
}
