/* macro.c - see macro.h.  What is expanded is a slice of its text, so that
 * nothing is copied but values. */
#include "base/macro.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

/* Values may refer to each other so deep, and so often all in all: "$a$a" in
 * a row of thirty names would go on for ever. */
enum { MOST_DEPTH = 100, MOST_STEPS = 100000, MOST_OUTPUT = 4 << 20 };

static const char operator_chars[] = "!<>=?+-*/~&|%";
static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

struct state {
	const struct macro *macro;
	struct buf *out;
	struct err *err;
	unsigned depth, steps;
	bool all; /* both sides of each condition, whatever it says */
};

struct slice {
	const char *p, *end;
};

static int expand(struct state *s, struct slice text);

static int
bad(struct state *s, const char *why, struct slice text)
{
	int n = text.end - text.p > 60 ? 60 : (int)(text.end - text.p);

	err_set(s->err, "%s: \"%.*s\"", why, n, text.p);
	return MACRO_BAD;
}

static const char *
skip(const char *p, const char *end, const char *set)
{
	while (p < end && strchr(set, *p) != NULL && *p != '\0')
		p++;
	return p;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	return skip(p, end, " \t\r\n");
}

/* The end of the balanced group that opens at ${p}: behind its last character;
 * NULL if it is not closed. */
static const char *
group_end(const char *p, const char *end)
{
	char open = *p, close = open == '{' ? '}' : ')';
	size_t level = 0;

	for (; p < end; p++) {
		if (*p == open)
			level++;
		else if (*p == close && --level == 0)
			return p + 1;
	}
	return NULL;
}

/* Take "{...}" off the front of ${text}, and the blanks behind it. */
static bool
take_group(struct slice *text, struct slice *inner)
{
	const char *end;

	if (text->p == text->end || *text->p != '{' ||
	    (end = group_end(text->p, text->end)) == NULL)
		return false;
	*inner = (struct slice){ text->p + 1, end - 1 };
	text->p = skip_blanks(end, text->end);
	return true;
}

/* One branch of a condition, behind its '?' or ':': "{x}", or all the rest. */
static void
take_branch(struct slice *text, struct slice *branch)
{
	struct slice rest = { skip_blanks(text->p, text->end), text->end };

	if (take_group(&rest, branch)) {
		*text = rest;
	} else {
		*branch = *text;
		text->p = text->end;
	}
}

/* ${text} begins with '?' or ':'. */
static int
expand_branches(struct state *s, struct slice text, bool truth)
{
	struct slice yes = { NULL, NULL }, no = { NULL, NULL };
	int status = 0;

	if (*text.p == '?') {
		text.p++;
		take_branch(&text, &yes);
	}
	if (text.p < text.end && *text.p == ':') {
		text.p++;
		take_branch(&text, &no);
	}
	if (text.p < text.end)
		status = bad(s, "junk behind a conditional value", text);
	if (truth || s->all)
		status |= expand(s, yes);
	if (!truth || s->all)
		status |= expand(s, no);
	return status;
}

static bool
is_number(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool
compare_plain(const char *left, const char *right, int *order, struct err *err)
{
	long long a, b;

	if (!is_number(left) || !is_number(right)) {
		*order = strcmp(left, right);
		return true;
	}
	errno = 0;
	a = strtoll(left, NULL, 10);
	b = strtoll(right, NULL, 10);
	if (errno != 0) {
		err_set(err, "a number is too large: \"%s\" or \"%s\"", left,
		    right);
		return false;
	}
	*order = a < b ? -1 : a > b;
	return true;
}

/* Does ${order} satisfy the operator ${op} of ${n} characters?  -1: there is
 * no such operator. */
static int
holds(const char *op, size_t n, int order)
{
	if (n == 2 && op[1] == '=') {
		switch (op[0]) {
		case '=':
			return order == 0;
		case '!':
			return order != 0;
		case '<':
			return order <= 0;
		case '>':
			return order >= 0;
		default:
			return -1;
		}
	}
	if (n == 1 && *op == '<')
		return order < 0;
	if (n == 1 && *op == '>')
		return order > 0;
	return -1;
}

static bool
find_order(const struct macro *macro, struct slice suffix,
    bool (**compare)(const char *, const char *, int *, struct err *))
{
	size_t n = (size_t)(suffix.end - suffix.p);

	*compare = compare_plain;
	if (n == 0)
		return true;
	for (const struct macro_order *o = macro->orders;
	     o != NULL && o->suffix != NULL; o++) {
		if (strlen(o->suffix) == n &&
		    memcmp(o->suffix, suffix.p, n) == 0) {
			*compare = o->compare;
			return true;
		}
	}
	return false;
}

/* Expand ${text} into a buffer of its own. */
static int
expand_aside(struct state *s, struct slice text, struct buf *into)
{
	struct buf *out = s->out;
	int status;

	s->out = into;
	status = expand(s, text);
	s->out = out;
	return status;
}

/* "{a} op {b}" and what follows; ${text} begins with '{'. */
static int
expand_comparison(struct state *s, struct slice text)
{
	bool (*compare)(const char *, const char *, int *, struct err *);
	struct buf left = { 0 }, right = { 0 };
	struct slice a, b, op, suffix;
	const struct slice whole = text;
	int order = 0, status, truth;

	if (!take_group(&text, &a))
		return bad(s, "unbalanced {}", whole);
	op = (struct slice){ text.p, skip(text.p, text.end, operator_chars) };
	suffix = (struct slice){ op.end, skip(op.end, text.end, name_chars) };
	text.p = skip_blanks(suffix.end, text.end);
	if (holds(op.p, (size_t)(op.end - op.p), 0) < 0 ||
	    !find_order(s->macro, suffix, &compare))
		return bad(s, "relational operator expected", whole);
	if (!take_group(&text, &b))
		return bad(s, "\"{expression}\" expected", whole);
	if (text.p < text.end && *text.p != '?' && *text.p != ':')
		return bad(s, "junk behind a comparison", whole);

	status = expand_aside(s, a, &left) | expand_aside(s, b, &right);
	if ((status & MACRO_BAD) == 0 && !s->all &&
	    !compare(buf_str(&left), buf_str(&right), &order, s->err))
		status |= MACRO_BAD;
	buf_free(&left);
	buf_free(&right);
	if ((status & MACRO_BAD) != 0)
		return status;
	truth = holds(op.p, (size_t)(op.end - op.p), order);
	if (text.p < text.end)
		return status | expand_branches(s, text, truth != 0);
	if (truth != 0)
		buf_puts(s->out, "true");
	return status;
}

/* "name{text}". */
static int
expand_function(struct state *s, struct slice name, struct slice text)
{
	const struct macro_function *f = s->macro->functions;
	const struct slice whole = { name.p, text.end };
	size_t n = (size_t)(name.end - name.p);
	struct buf value = { 0 };
	struct slice inner;
	int status;

	for (; f != NULL && f->name != NULL; f++)
		if (strlen(f->name) == n && memcmp(f->name, name.p, n) == 0)
			break;
	if (f == NULL || f->name == NULL)
		return bad(s, "no such function", whole);
	if (!take_group(&text, &inner) || text.p < text.end)
		return bad(s, "junk behind a function", whole);
	inner.p = skip_blanks(inner.p, inner.end);
	while (inner.end > inner.p && isspace((unsigned char)inner.end[-1]))
		inner.end--;
	status = expand_aside(s, inner, &value);
	if ((status & MACRO_BAD) == 0 &&
	    !f->apply(buf_str(&value), s->out, s->err))
		status |= MACRO_BAD;
	buf_free(&value);
	return status;
}

static const char *
find(const struct state *s, struct slice name)
{
	struct buf copy = { 0 };
	const char *value;

	buf_put(&copy, name.p, (size_t)(name.end - name.p));
	value = s->macro->find(s->macro->arg, buf_str(&copy));
	buf_free(&copy);
	return value;
}

/* What stands behind a name, or between brackets. */
static int
expand_reference(struct state *s, struct slice text)
{
	struct slice name;
	const char *value;

	if (++s->steps > MOST_STEPS || s->out->len > MOST_OUTPUT)
		return bad(s, "unreasonable macro expansion", text);
	text.p = skip_blanks(text.p, text.end);
	if (text.p < text.end && *text.p == '{')
		return expand_comparison(s, text);
	name = (struct slice){ text.p, skip(text.p, text.end, name_chars) };
	if (name.p == name.end)
		return bad(s, "attribute name expected", text);
	text.p = skip_blanks(name.end, text.end);
	if (text.p < text.end && *text.p == '{')
		return expand_function(s, name, text);
	if (text.p < text.end && *text.p != '?' && *text.p != ':')
		return bad(s, "attribute name followed by junk", text);

	value = find(s, name);
	if (text.p < text.end)
		return expand_branches(s, text, value != NULL && *value);
	if (value == NULL)
		return MACRO_UNDEFINED;
	if (s->macro->recurse)
		return expand(
		    s, (struct slice){ value, value + strlen(value) });
	buf_puts(s->out, value);
	return 0;
}

/* The reference that begins at the '$' at *p; moves *p behind it. */
static int
expand_dollar(struct state *s, const char **p, const char *end)
{
	const char *start = *p + 1, *close;
	struct slice text;

	if (start < end && (*start == '{' || *start == '(')) {
		close = group_end(start, end);
		if (close == NULL)
			return bad(s, "truncated macro reference",
			    (struct slice){ *p, end });
		text = (struct slice){ start + 1, close - 1 };
		*p = close;
	} else {
		text = (struct slice){ start, skip(start, end, name_chars) };
		*p = text.end;
	}
	if (text.p == text.end)
		return bad(
		    s, "empty macro name", (struct slice){ start - 1, end });
	return expand_reference(s, text);
}

static int
expand(struct state *s, struct slice text)
{
	const char *p = text.p, *dollar;
	int status = 0;

	if (s->depth >= MOST_DEPTH)
		return bad(s, "unreasonable macro call nesting", text);
	s->depth++;
	while (p < text.end && (status & MACRO_BAD) == 0) {
		dollar = memchr(p, '$', (size_t)(text.end - p));
		if (dollar == NULL)
			dollar = text.end;
		buf_put(s->out, p, (size_t)(dollar - p));
		p = dollar;
		if (p == text.end)
			break;
		if (p + 1 < text.end && p[1] == '$') {
			buf_putc(s->out, '$');
			p += 2;
		} else {
			status |= expand_dollar(s, &p, text.end);
		}
	}
	s->depth--;
	return status;
}

int
macro_expand(const struct macro *macro, const char *text, struct buf *out,
    struct err *err)
{
	struct state s = { .macro = macro, .out = out, .err = err };

	return expand(&s, (struct slice){ text, text + strlen(text) });
}

struct seeing {
	void (*see)(void *arg, const char *name);
	void *arg;
};

static const char *
see(void *arg, const char *name)
{
	const struct seeing *seeing = arg;

	seeing->see(seeing->arg, name);
	return NULL;
}

int
macro_names(const char *text, const struct macro_order *orders,
    void (*fn)(void *arg, const char *name), void *arg, struct err *err)
{
	struct seeing seeing = { fn, arg };
	const struct macro macro = {
		.find = see, .arg = &seeing, .orders = orders
	};
	struct buf unused = { 0 };
	struct state s = {
		.macro = &macro, .out = &unused, .err = err, .all = true
	};
	int status = 0;

	if (strchr(text, '$') != NULL)
		status =
		    expand(&s, (struct slice){ text, text + strlen(text) });
	buf_free(&unused);
	return status & MACRO_BAD;
}
