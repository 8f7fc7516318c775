/* expression.c - see expression.h. */
#include "checks/expression.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* A megabyte of "!", or of "a && a", must not become a megabyte of stack. */
enum { MOST_DEPTH = 50, MOST_ATOMS = 1000 };

static const int64_t most_number = INT64_C(1000000000000000);

struct parser {
	const char *p;
	struct arena *arena;
	struct err *err;
	unsigned depth, atoms;
};

static const char blanks[] = " \t\r\n";

static const struct sign {
	const char *text; /* a longer one before its beginning */
	enum expression_kind kind;
} relations[] = {
	{ "==", EXPRESSION_EQUAL },
	{ "!=", EXPRESSION_DIFFERENT },
	{ "<=", EXPRESSION_LESS_EQUAL },
	{ "<", EXPRESSION_LESS },
	{ ">=", EXPRESSION_MORE_EQUAL },
	{ ">", EXPRESSION_MORE },
	{ NULL, EXPRESSION_EQUAL },
};

static struct expression *parse_or(struct parser *p);

/* Always NULL. */
static struct expression *__attribute__((format(printf, 2, 3)))
complain(struct parser *p, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (*p->p != '\0')
		err_set(p->err, "%s, at \"%.30s\"", text, p->p);
	else
		err_set(p->err, "%s, at its end", text);
	return NULL;
}

static void
skip(struct parser *p)
{
	p->p += strspn(p->p, blanks);
}

static bool
take(struct parser *p, const char *sign)
{
	size_t n = strlen(sign);

	skip(p);
	if (strncmp(p->p, sign, n) != 0)
		return false;
	p->p += n;
	return true;
}

static size_t
name_length(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

static struct expression *
make(struct parser *p, enum expression_kind kind, enum fact_type type)
{
	struct expression *e = arena_alloc(p->arena, sizeof *e);

	e->kind = kind;
	e->type = type;
	return e;
}

static struct expression *
constant(struct parser *p, enum fact_type type, int64_t number)
{
	struct expression *e = make(p, EXPRESSION_CONSTANT, type);

	e->number = number;
	return e;
}

/* The opening quote has been taken. */
static struct expression *
parse_text(struct parser *p)
{
	struct expression *e = make(p, EXPRESSION_CONSTANT, FACT_TEXT);
	const char *from = p->p;
	char *to = arena_alloc(p->arena, strlen(from) + 1);

	e->text = to;
	while (*p->p != '"') {
		if (*p->p == '\\' && p->p[1] != '\0')
			p->p++;
		if (*p->p == '\0')
			return complain(p, "a text without its second quote");
		*to++ = *p->p++;
	}
	p->p++;
	return e;
}

static int64_t
digits(struct parser *p)
{
	int64_t n = 0;

	for (; isdigit((unsigned char)*p->p); p->p++)
		if (n <= most_number)
			n = n * 10 + (*p->p - '0');
	return n;
}

/* 10, -3, 20k, 08:30 */
static struct expression *
parse_number(struct parser *p)
{
	static const char units[] = "kMG";
	bool negative = take(p, "-");
	const char *begin = p->p, *unit;
	int64_t n = digits(p), minutes;

	if (p->p == begin)
		return complain(p, "no number behind \"-\"");
	if (*p->p == ':' && !negative) {
		p->p++;
		begin = p->p;
		minutes = digits(p);
		if (p->p != begin + 2 || minutes > 59 || n > 23)
			return complain(p, "a time is 00:00 to 23:59");
		return constant(p, FACT_TIME, n * 60 + minutes);
	}
	unit = *p->p != '\0' ? strchr(units, *p->p) : NULL;
	if (unit != NULL) {
		for (const char *u = units; u <= unit && n <= most_number; u++)
			n *= 1024;
		p->p++;
	}
	if (n > most_number)
		return complain(p, "a number is too large");
	if (name_length(p->p) != 0)
		return complain(p, "a number ends in k, M, G or a digit");
	return constant(p, FACT_NUMBER, negative ? -n : n);
}

static struct expression *
parse_name(struct parser *p)
{
	size_t n = name_length(p->p);
	const struct fact *fact = fact_find(p->p, n);
	const char *name, *suggestion;
	struct expression *e;
	int day = fact_day(p->p, n);

	if (fact == NULL && day < 0) {
		name = arena_strndup(p->arena, p->p, n);
		suggestion = fact_suggest(name);
		err_set(p->err, "unknown fact \"%s\"%s%s%s", name,
		    suggestion != NULL ? "; did you mean " : "",
		    suggestion != NULL ? suggestion : "",
		    suggestion != NULL ? "?" : "");
		return NULL;
	}
	p->p += n;
	if (fact == NULL)
		return constant(p, FACT_DAY, day);
	e = make(p, EXPRESSION_FACT, fact->type);
	e->fact = fact;
	return e;
}

static struct expression *
parse_atom(struct parser *p)
{
	struct expression *e;

	skip(p);
	if (++p->atoms > MOST_ATOMS)
		return complain(p, "too long");
	if (take(p, "(")) {
		e = parse_or(p);
		if (e != NULL && !take(p, ")"))
			return complain(p, "\")\" is missing");
		return e;
	}
	if (take(p, "\""))
		return parse_text(p);
	if (isdigit((unsigned char)*p->p) || *p->p == '-')
		return parse_number(p);
	if (name_length(p->p) > 0)
		return parse_name(p);
	return complain(p, "a fact, a text or a number is missing");
}

static struct expression *
join(struct parser *p, enum expression_kind kind, enum fact_type type,
    struct expression *left, struct expression *right)
{
	struct expression *e;

	if (left == NULL || right == NULL)
		return NULL;
	e = make(p, kind, type);
	e->left = left;
	e->right = right;
	return e;
}

static struct expression *
parse_sum(struct parser *p)
{
	struct expression *left = parse_atom(p), *right;

	while (left != NULL && take(p, "+")) {
		right = parse_atom(p);
		if (right != NULL &&
		    (left->type != FACT_TEXT || right->type != FACT_TEXT))
			return complain(p, "\"+\" is for texts");
		left = join(p, EXPRESSION_JOIN, FACT_TEXT, left, right);
	}
	return left;
}

/* How far a set goes; 0: its braces are not in pairs, or there is none. */
static size_t
set_length(const char *text)
{
	bool braced = *text == '{';
	size_t n, depth = 0;

	for (n = 0; text[n] != '\0'; n++) {
		if (depth == 0 && !braced &&
		    (text[n] == ')' || strchr(blanks, text[n]) != NULL))
			break;
		if (text[n] == '{')
			depth++;
		if (text[n] != '}')
			continue;
		if (depth == 0)
			return 0;
		if (--depth == 0 && braced)
			return n + 1;
	}
	return depth == 0 && !braced ? n : 0;
}

/* "in" has been taken. */
static struct expression *
parse_set(struct parser *p, struct expression *left)
{
	const char *text;
	size_t n;

	skip(p);
	text = p->p;
	n = set_length(text);
	if (n == 0)
		return complain(p, "\"in\" needs a set: { a, b } or type:name");
	p->p += n;
	if (*text == '{') {
		text++;
		n -= 2;
	}
	while (n > 0 && strchr(blanks, *text) != NULL) {
		text++;
		n--;
	}
	while (n > 0 && strchr(blanks, text[n - 1]) != NULL)
		n--;
	if (n == 0)
		return complain(p, "a set without members");
	if (left->type == FACT_BOOLEAN || left->type == FACT_NUMBER)
		return complain(
		    p, "%s is in no set", fact_type_name(left->type));
	left = join(p, EXPRESSION_IN, FACT_BOOLEAN, left, left);
	left->right = NULL;
	left->text = arena_strndup(p->arena, text, n);
	return left;
}

static bool
take_in(struct parser *p)
{
	skip(p);
	if (name_length(p->p) != 2 || strncasecmp(p->p, "in", 2) != 0)
		return false;
	p->p += 2;
	return true;
}

static struct expression *
parse_relation(struct parser *p)
{
	struct expression *left = parse_sum(p), *right;
	const struct sign *sign = relations;

	if (left == NULL)
		return NULL;
	if (take_in(p))
		return parse_set(p, left);
	while (sign->text != NULL && !take(p, sign->text))
		sign++;
	if (sign->text == NULL)
		return left;
	right = parse_sum(p);
	if (right == NULL)
		return NULL;
	if (left->type != right->type)
		return complain(p, "%s is compared with %s",
		    fact_type_name(left->type), fact_type_name(right->type));
	if (left->type == FACT_BOOLEAN ||
	    (sign->kind > EXPRESSION_DIFFERENT &&
		(left->type == FACT_TEXT || left->type == FACT_DAY)))
		return complain(p, "\"%s\" is not for what is %s", sign->text,
		    fact_type_name(left->type));
	return join(p, sign->kind, FACT_BOOLEAN, left, right);
}

/* An operand of "!", "&&", "||". */
static struct expression *
truth(struct parser *p, struct expression *e)
{
	if (e != NULL && e->type != FACT_BOOLEAN)
		return complain(p, "%s stands where true or false should",
		    fact_type_name(e->type));
	return e;
}

static struct expression *
parse_not(struct parser *p)
{
	struct expression *e;

	if (++p->depth > MOST_DEPTH)
		return complain(p, "too deep");
	if (take(p, "!")) {
		e = truth(p, parse_not(p));
		e = join(p, EXPRESSION_NOT, FACT_BOOLEAN, e, e);
		if (e != NULL)
			e->right = NULL;
	} else {
		e = parse_relation(p);
	}
	p->depth--;
	return e;
}

static struct expression *
parse_and(struct parser *p)
{
	struct expression *left = parse_not(p);

	while (left != NULL && take(p, "&&"))
		left = join(p, EXPRESSION_AND, FACT_BOOLEAN, truth(p, left),
		    truth(p, parse_not(p)));
	return left;
}

static struct expression *
parse_or(struct parser *p)
{
	struct expression *left = parse_and(p);

	while (left != NULL && take(p, "||"))
		left = join(p, EXPRESSION_OR, FACT_BOOLEAN, truth(p, left),
		    truth(p, parse_and(p)));
	return left;
}

struct expression *
expression_parse(const char *text, struct arena *arena, struct err *err)
{
	struct parser p = { .p = text, .arena = arena, .err = err };
	struct expression *e = truth(&p, parse_or(&p));

	skip(&p);
	if (e != NULL && *p.p != '\0')
		return complain(&p, "something is left over");
	return e;
}

static void
print_constant(const struct expression *e, struct buf *out)
{
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu",
		"fri", "sat" };

	switch (e->type) {
	case FACT_TEXT:
		buf_putc(out, '"');
		for (const char *p = e->text; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				buf_putc(out, '\\');
			buf_putc(out, *p);
		}
		buf_putc(out, '"');
		break;
	case FACT_TIME:
		buf_printf(out, "%02d:%02d", (int)(e->number / 60),
		    (int)(e->number % 60));
		break;
	case FACT_DAY:
		buf_puts(out, days[e->number]);
		break;
	case FACT_NUMBER:
	case FACT_BOOLEAN:
		buf_printf(out, "%lld", (long long)e->number);
		break;
	}
}

/* Relations bind alike, and have no relations as operands. */
static int
strength(enum expression_kind kind)
{
	return kind > EXPRESSION_EQUAL && kind <= EXPRESSION_IN
	    ? EXPRESSION_EQUAL
	    : (int)kind;
}

/* An operand that must bind at least as ${least}. */
static void
print_operand(const struct expression *e, int least, struct buf *out)
{
	bool apart = strength(e->kind) < least;

	buf_puts(out, apart ? "(" : "");
	expression_print(e, out);
	buf_puts(out, apart ? ")" : "");
}

void
expression_print(const struct expression *e, struct buf *out)
{
	static const char *const signs[] = { [EXPRESSION_OR] = "||",
		[EXPRESSION_AND] = "&&",
		[EXPRESSION_EQUAL] = "==",
		[EXPRESSION_DIFFERENT] = "!=",
		[EXPRESSION_LESS] = "<",
		[EXPRESSION_LESS_EQUAL] = "<=",
		[EXPRESSION_MORE] = ">",
		[EXPRESSION_MORE_EQUAL] = ">=",
		[EXPRESSION_JOIN] = "+" };
	int own = strength(e->kind);

	switch (e->kind) {
	case EXPRESSION_FACT:
		buf_puts(out, e->fact->name);
		return;
	case EXPRESSION_CONSTANT:
		print_constant(e, out);
		return;
	case EXPRESSION_NOT:
		buf_putc(out, '!');
		print_operand(e->left, own, out);
		return;
	case EXPRESSION_IN:
		print_operand(e->left, EXPRESSION_JOIN, out);
		buf_printf(out, " in { %s }", e->text);
		return;
	default:
		print_operand(e->left, own, out);
		buf_printf(out, " %s ", signs[e->kind]);
		print_operand(e->right, own + 1, out);
		return;
	}
}
