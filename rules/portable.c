/* portable.c - see portable.h.  Both readers accept what they know to be the
 * same everywhere and nothing else. */
#include "rules/portable.h"

#include <ctype.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"

enum { MOST_REPEATS = 255 }; /* that POSIX knows */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c != '\0' && strchr("abcdefABCDEF", c) != NULL);
}

/* Behind the escape at ${p}, of which ${letters} are known; NULL: not. */
static const char *
pass_escape(const char *p, const char *letters)
{
	p++;
	if (*p == 'x' && is_hex(p[1]) && is_hex(p[2]))
		return p + 3;
	if (*p == '\0' || (unsigned char)*p >= 128)
		return NULL;
	/* One digit is a group, more may be or not. */
	if (*p >= '1' && *p <= '9' && !is_digit(p[1]) &&
	    strchr(letters, '1') != NULL)
		return p + 1;
	if (is_letter(*p) || is_digit(*p))
		return !is_digit(*p) && strchr(letters, *p) != NULL ? p + 1
								    : NULL;
	return p + 1;
}

/* Behind "[:alpha:]" at ${p}; NULL: no such name. */
static const char *
pass_class(const char *p)
{
	static const char *const names[] = { "alnum", "alpha", "blank", "cntrl",
		"digit", "graph", "lower", "print", "punct", "space", "upper",
		"xdigit", NULL };

	for (size_t i = 0; names[i] != NULL; i++) {
		size_t n = strlen(names[i]);

		if (strncmp(p + 2, names[i], n) == 0 &&
		    strncmp(p + 2 + n, ":]", 2) == 0)
			return p + n + 4;
	}
	return NULL;
}

/* One member of a bracket expression: behind it, or NULL; *single: it may
 * begin or end a range. */
static const char *
pass_member(const char *p, bool *single)
{
	*single = true;
	if (*p == '\\') {
		*single = strchr("dDwWsS", p[1]) == NULL;
		return pass_escape(p, "dDwWsSnrtfea");
	}
	if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
		*single = false;
		return p[1] == ':' ? pass_class(p) : NULL;
	}
	return *p != '\0' ? p + 1 : NULL;
}

/* Behind the bracket expression at ${p}; NULL: not certain. */
static const char *
pass_brackets(const char *p)
{
	bool single;

	p++;
	p += *p == '^';
	/* "[]a]" is read in two ways. */
	if (*p == ']')
		return NULL;
	while (p != NULL && *p != ']') {
		p = pass_member(p, &single);
		if (p == NULL || *p != '-' || p[1] == ']')
			continue;
		p = single ? pass_member(p + 1, &single) : NULL;
		if (!single)
			p = NULL;
	}
	return p != NULL ? p + 1 : NULL;
}

/* Behind what opens the group at ${p}: "(", "(?:", "(?=", "(?i:", "(?P<a>";
 * NULL: something else. */
static const char *
pass_group(const char *p)
{
	static const char *const known[] = { "?:", "?=", "?!", "?<=", "?<!",
		"?>", NULL };

	p++;
	if (*p == '*')
		return NULL;
	if (*p != '?')
		return p;
	for (size_t i = 0; known[i] != NULL; i++)
		if (strncmp(p, known[i], strlen(known[i])) == 0)
			return p + strlen(known[i]);
	p++;
	if (strchr("ims", *p) != NULL) {
		p += strspn(p, "ims");
		return *p == ':' ? p + 1 : NULL;
	}
	if (*p == 'P')
		p++;
	if (*p++ != '<' || !is_letter(*p))
		return NULL;
	while (is_letter(*p))
		p++;
	return *p == '>' ? p + 1 : NULL;
}

/* Behind what stands at ${p}; NULL: not certain. */
static const char *
pass_pcre(const char *p)
{
	switch (*p) {
	case '\\':
		return pass_escape(p, "dDwWsSbBAzZnrtfea1");
	case '[':
		return pass_brackets(p);
	case '(':
		return pass_group(p);
	default:
		return p + 1;
	}
}

bool
portable_pcre(const char *expression, struct buf *out)
{
	const char *p = expression, *next;

	/* Options in the middle hold for some branches only. */
	if (strncmp(p, "(?i)", 4) == 0) {
		buf_puts(out, "(?i)");
		p += 4;
	}
	for (; *p != '\0'; p = next) {
		next = pass_pcre(p);
		if (next == NULL)
			return false;
		/* The ends of a line may be within the text. */
		if (*p == '\\' && p[1] == 'A')
			buf_putc(out, '^');
		else if (*p == '\\' && (p[1] == 'z' || p[1] == 'Z'))
			buf_putc(out, '$');
		else
			buf_put(out, p, (size_t)(next - p));
	}
	return true;
}

/* A set of octets, as a bracket expression of POSIX means it. */
struct set {
	bool has[UCHAR_MAX + 1];
	bool fold;
};

static void
add(struct set *set, unsigned char c)
{
	set->has[c] = true;
	if (set->fold) {
		set->has[tolower(c)] = true;
		set->has[toupper(c)] = true;
	}
}

static void
add_range(struct set *set, char from, char to)
{
	for (int c = (unsigned char)from; c <= (unsigned char)to; c++)
		add(set, (unsigned char)c);
}

static void
add_class(struct set *set, const char *name)
{
	static const struct {
		const char *name;
		int (*is)(int c);
	} classes[] = {
		{ "alnum:", isalnum },
		{ "alpha:", isalpha },
		{ "blank:", isblank },
		{ "cntrl:", iscntrl },
		{ "digit:", isdigit },
		{ "graph:", isgraph },
		{ "lower:", islower },
		{ "print:", isprint },
		{ "punct:", ispunct },
		{ "space:", isspace },
		{ "upper:", isupper },
		{ "xdigit:", isxdigit },
	};

	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		if (strncmp(name, classes[i].name, strlen(classes[i].name)) !=
		    0)
			continue;
		for (int c = 1; c < 128; c++)
			if (classes[i].is(c))
				add(set, (unsigned char)c);
	}
}

static void
print_set(struct buf *out, const struct set *set, bool negated)
{
	bool none = true;

	buf_putc(out, '[');
	/* NUL is in no text. */
	for (int from = 1, to; from <= UCHAR_MAX; from = to + 1) {
		to = from;
		if (set->has[from] == negated)
			continue;
		while (to < UCHAR_MAX && set->has[to + 1] != negated)
			to++;
		buf_printf(
		    out, "\\x%02x-\\x%02x", (unsigned)from, (unsigned)to);
		none = false;
	}
	buf_puts(out, none ? "\\x00]" : "]");
}

/* A range whose meaning does not depend on case and collation. */
static bool
is_plain_range(char from, char to)
{
	return from <= to &&
	    ((is_digit(from) && is_digit(to)) || (from >= 'a' && to <= 'z') ||
		(from >= 'A' && to <= 'Z'));
}

/* Behind the member at ${p} of a POSIX bracket expression; NULL: not
 * certain. */
static const char *
posix_member(const char *p, struct set *set)
{
	if (*p == '\0')
		return NULL;
	if (*p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
		if (p[1] != ':' || pass_class(p) == NULL)
			return NULL;
		add_class(set, p + 2);
		p = pass_class(p);
		return *p == '-' && p[1] != ']' ? NULL : p;
	}
	if (p[1] == '-' && p[2] != ']') {
		if (!is_plain_range(p[0], p[2]))
			return NULL;
		add_range(set, p[0], p[2]);
		return p[3] == '-' && p[4] != ']' ? NULL : p + 3;
	}
	add(set, (unsigned char)*p);
	return p + 1;
}

static const char *
posix_brackets(const char *p, bool fold, struct buf *out)
{
	struct set set = { .fold = fold };
	bool negated = p[1] == '^', first = true;

	for (p += negated ? 2 : 1; p != NULL && (*p != ']' || first);
	     first = false)
		p = posix_member(p, &set);
	if (p == NULL)
		return NULL;
	print_set(out, &set, negated);
	return p + 1;
}

/* "\s" and the like, which only GNU's library has. */
static bool
posix_shorthand(char c, struct buf *out)
{
	struct set set = { .fold = false };

	switch (c) {
	case 'w':
	case 'W':
		add_class(&set, "alnum:");
		add(&set, '_');
		break;
	case 's':
	case 'S':
		add_class(&set, "space:");
		break;
	default:
		return false;
	}
	print_set(out, &set, c == 'W' || c == 'S');
	return true;
}

/* What has been read, as far as it decides what may follow. */
struct posix {
	const char *p; /* NULL: left alone */
	struct buf *out;
	bool fold;
	bool atom; /* something that may be repeated */
	unsigned depth;
};

static void
posix_escape(struct posix *x)
{
	char c = x->p[1];

	x->p += 2;
	x->atom = true;
	if (c != '\0' && strchr("bB<>`'", c) != NULL) {
		/* Without an assertion it matches more. */
		x->atom = false;
	} else if (c == '\0' || (unsigned char)c >= 128 || is_digit(c) ||
	    (is_letter(c) && !posix_shorthand(c, x->out))) {
		x->p = NULL;
	} else if (!is_letter(c)) {
		buf_putc(x->out, '\\');
		buf_putc(x->out, c);
	}
}

/* The number at *p, or ${otherwise} if there is none. */
static int
take_number(const char **p, int otherwise)
{
	int n = 0;

	if (!is_digit(**p))
		return otherwise;
	while (is_digit(**p) && n <= MOST_REPEATS)
		n = n * 10 + *(*p)++ - '0';
	return n;
}

/* Behind "{2}", "{2,}" or "{2,5}"; NULL: nothing of them. */
static const char *
pass_interval(const char *p)
{
	int least, most;

	p++;
	least = take_number(&p, MOST_REPEATS + 1);
	most = least;
	if (*p == ',') {
		p++;
		most = take_number(&p, MOST_REPEATS);
	}
	return *p == '}' && least <= most && most <= MOST_REPEATS ? p + 1
								  : NULL;
}

/* What repeats; twice is read as two things. */
static void
posix_repeat(struct posix *x)
{
	const char *end = *x->p == '{' ? pass_interval(x->p) : x->p + 1;

	if (!x->atom || end == NULL) {
		x->p = NULL;
		return;
	}
	buf_put(x->out, x->p, (size_t)(end - x->p));
	x->atom = false;
	x->p = end;
}

/* "(", ")" and "|" stand between things that are not empty. */
static void
posix_structure(struct posix *x)
{
	char c = *x->p++;
	bool empty = c != ')' && (*x->p == '|' || *x->p == ')');
	bool open = (c == '|' && *x->p == '\0') || (c == ')' && x->depth == 0);

	if (empty || open)
		x->p = NULL;
	x->depth += c == '(' ? 1U : c == ')' ? -1U : 0U;
	x->atom = c == ')';
	buf_putc(x->out, c);
}

static void
posix_next(struct posix *x)
{
	char c = *x->p;

	switch (c) {
	case '\\':
		posix_escape(x);
		return;
	case '[':
		x->p = posix_brackets(x->p, x->fold, x->out);
		x->atom = true;
		return;
	case '*':
	case '+':
	case '?':
	case '{':
		posix_repeat(x);
		return;
	case '(':
	case ')':
	case '|':
		posix_structure(x);
		return;
	default:
		if (c == ']' || c == '}')
			buf_putc(x->out, '\\');
		buf_putc(x->out, c);
		x->atom = c != '^' && c != '$';
		x->p++;
	}
}

bool
portable_posix(const char *expression, bool fold, struct buf *out)
{
	struct posix x = { .p = expression, .out = out, .fold = fold };

	if (*expression == '|')
		return false;
	while (x.p != NULL && *x.p != '\0')
		posix_next(&x);
	return x.p != NULL && x.depth == 0;
}
