/* pattern_example.c - see pattern_example.h. */
#include "rules/pattern_example.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "rules/pattern_rules.h"

/* The end of the group or bracket expression at ${p}; NULL: there is none. */
static const char *
closing(const char *p)
{
	unsigned depth = 0;

	if (*p == '[') {
		p += p[1] == '^' ? 2 : 1;
		return *p != '\0' ? strchr(p + 1, ']') : NULL;
	}
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p;
	}
	return NULL;
}

/* One of a bracket expression, [from, end]. */
static char
member(const char *from, const char *end)
{
	static const char tries[] = "a0x-_.@ b1";

	if (from[1] != '^' && from[1] != '[' && from[1] != '\\')
		return from[1];
	if (from[1] == '\\' && strchr("wds", from[2]) == NULL)
		return from[2];
	if (from[1] == '\\')
		return '0';
	if (from[1] == '[')
		return from[2] == ':' && from[3] == 'd' ? '0' : 'a';
	for (size_t i = 0; tries[i] != '\0'; i++)
		if (memchr(from, tries[i], (size_t)(end - from)) == NULL)
			return tries[i];
	return 'q';
}

/* A character that an escape stands for; '\0': none. */
static char
escaped(char c)
{
	static const char classes[] = "dwsDWS", like[] = "0a a-a";
	const char *class = c != '\0' ? strchr(classes, c) : NULL;

	if (class != NULL)
		return like[class - classes];
	return ispunct((unsigned char)c) ? c : '\0';
}

/* The end of the alternative at ${p}, within the expression that ends at
 * ${end}. */
static const char *
alternative(const char *p, const char *end)
{
	const char *inner;

	for (; p < end && *p != '|'; p++) {
		inner = *p == '(' || *p == '[' ? closing(p) : p;
		if (inner == NULL)
			return end;
		p = inner + (*p == '\\');
	}
	return p < end ? p : end;
}

static bool make(struct buf *out, const char *p, const char *end);

/* Make the piece at *p, and go behind it. */
static bool
make_piece(struct buf *out, const char **p)
{
	const char *from = *p, *end = from;
	char c = *from;

	if (c == '(' || c == '[')
		end = closing(from);
	if (end == NULL)
		return false;
	*p = end + 1;
	switch (c) {
	case '(':
		from++;
		if (strncmp(from, "?:", 2) == 0)
			from += 2;
		return *from != '?' && *from != '*' && make(out, from, end);
	case '[':
		buf_putc(out, member(from, end));
		return true;
	case '.':
		buf_putc(out, 'x');
		return true;
	case '^':
	case '$':
		return true;
	case '\\':
		c = escaped(from[1]);
		*p += 1;
		break;
	default:
		break;
	}
	buf_putc(out, c);
	return c != '\0';
}

/* Once is right for * + ? and {0,}, {1,}; others are not simple. */
static bool
skip_repetition(const char **p)
{
	*p += strspn(*p, "*+?");
	return **p != '{';
}

static bool
make(struct buf *out, const char *p, const char *end)
{
	end = alternative(p, end);
	while (p < end)
		if (!make_piece(out, &p) || !skip_repetition(&p))
			return false;
	return true;
}

char *
pattern_example(struct arena *arena, const char *expression)
{
	struct buf out = { 0 };
	char *example = NULL;

	if (make(&out, expression, expression + strlen(expression)))
		example = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return example;
}

/* The value of a rule, without what comes from the key. */
static const char *
value_of(const struct pattern_rule *rule, struct arena *arena)
{
	size_t n = template_groups(rule->result) + 1;
	struct template_span *spans = arena_alloc(arena, n * sizeof *spans);

	for (size_t i = 0; i < n; i++)
		spans[i] = (struct template_span){ 1, 0 };
	return template_fill(rule->result, arena, "", spans);
}

void
pattern_example_each(void *state,
    void (*fn)(void *arg, const char *key, const char *value), void *arg)
{
	const struct pattern *p = state;
	struct arena *arena = arena_new();
	const char *example;

	for (size_t i = 0; i < p->count; i++) {
		const struct pattern_rule *rule = &p->rules[i];

		if (rule->kind != PATTERN_RULE || rule->written.negated)
			continue;
		example = pattern_example(arena, rule->written.expression);
		if (example != NULL && example[0] != '\0')
			fn(arg, example, value_of(rule, arena));
	}
	arena_free(arena);
}
