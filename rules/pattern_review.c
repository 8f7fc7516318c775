/* pattern_review.c - see pattern_review.h. */
#include "rules/pattern_review.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strmap.h"
#include "rules/pattern_rules.h"

/* What this may take of the processor; rules that are left then are only
 * compared as they are written. */
static const int64_t most_time = CLOCK_SECOND;

/* An expression without the ^ and $ around it. */
struct core {
	bool begins, ends; /* it had them */
	char *text;
};

struct rule_facts {
	size_t in;  /* the "if" around it, or the count */
	bool plain; /* its core is text, without its backslashes */
	bool free;  /* its core matches wherever that stands */
	struct core core;
};

struct reviewing {
	const struct pattern *pattern;
	struct arena *arena;
	struct rule_facts *facts;
	struct strmap seen; /* of rules, by what they match */
	size_t all;         /* the first rule that matches everything */
	int64_t until;      /* of clock_cpu() */
};

/* Only the meaning of expressions without other flags is known here. */
static bool
is_usual(const struct pattern *p, const struct pattern_written *w)
{
	unsigned usual = p->engine->options | p->engine->caseless;

	return (w->options | p->engine->caseless) == usual;
}

static bool
is_caseless(const struct pattern *p, const struct pattern_rule *rule)
{
	return (rule->written.options & p->engine->caseless) != 0;
}

static struct core
take_core(struct arena *arena, const char *expression)
{
	struct core core = { .begins = expression[0] == '^' };
	size_t n = strlen(expression + core.begins), slashes = 0;

	core.text = arena_strndup(arena, expression + core.begins, n);
	if (n == 0 || core.text[n - 1] != '$')
		return core;
	while (slashes + 1 < n && core.text[n - 2 - slashes] == '\\')
		slashes++;
	core.ends = slashes % 2 == 0;
	if (core.ends)
		core.text[n - 1] = '\0';
	return core;
}

/* A backslash makes any punctuation a character like others; but some are
 * assertions for libc. */
static bool
is_escaped(const char *text)
{
	return text[0] == '\\' && ispunct((unsigned char)text[1]) &&
	    strchr("<>`'", text[1]) == NULL;
}

/* Remove the backslashes from a text without other special characters. */
static bool
make_plain(const char *text, char *out)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (is_escaped(text))
			text++;
		else if (strchr("\\.*+?()[]{}|^$", *text) != NULL)
			return false;
		if ((unsigned char)*text >= 0x80)
			return false;
		out[n++] = *text;
	}
	out[n] = '\0';
	return n > 0;
}

/* The end of a bracket expression; NULL: not a simple one. */
static const char *
skip_brackets(const char *text)
{
	text++;
	text += *text == '^';
	text += *text == ']';
	text += strcspn(text, "[]\\");
	return *text == ']' ? text : NULL;
}

/* Does it depend on nothing but the text that it matches: are there no anchors,
 * assertions, or groups and repetitions that give nothing back? */
static bool
is_free(const char *text, bool anchored)
{
	bool repeated = false;
	unsigned depth = 0;

	for (; *text != '\0'; text++) {
		bool again = strchr("*+?}", *text) != NULL;

		if (*text == '\\' &&
		    (is_escaped(text) ||
			(text[1] != '\0' && strchr("dDsSwW", text[1]) != NULL)))
			text++;
		else if (*text == '[')
			text = skip_brackets(text);
		else if (strchr("\\^$", *text) != NULL ||
		    (*text == '+' && repeated) ||
		    (*text == '|' && anchored && depth == 0) ||
		    (*text == '(' && (text[1] == '?' || text[1] == '*')))
			return false;
		if (text == NULL)
			return false;
		depth += *text == '(';
		depth -= *text == ')' && depth > 0;
		repeated = again;
	}
	return true;
}

static bool
is_everything(const struct pattern *p, const struct pattern_rule *rule)
{
	static const char *const all[] = { "", ".", "^", "$", ".*", "^.*",
		".*$", "^.*$", ".+", "^.", ".$", "^.+", "^.+$", "(.*)", "^(.*)",
		"^(.*)$" };

	if (rule->written.negated || rule->second != NULL ||
	    !is_usual(p, &rule->written))
		return false;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(rule->written.expression, all[i]) == 0)
			return true;
	return false;
}

static void
find_facts(struct reviewing *r, size_t i)
{
	const struct pattern_rule *rule = &r->pattern->rules[i];
	struct rule_facts *f = &r->facts[i];
	char *plain;

	if (rule->kind != PATTERN_RULE || rule->written.negated ||
	    !is_usual(r->pattern, &rule->written))
		return;
	f->core = take_core(r->arena, rule->written.expression);
	f->free = rule->second == NULL &&
	    is_free(f->core.text, f->core.begins || f->core.ends);
	plain = arena_strdup(r->arena, f->core.text);
	f->plain = make_plain(f->core.text, plain);
	if (f->plain)
		f->core.text = plain;
}

/* Is rule ${k} asked whenever rule ${i}, behind it, is? */
static bool
is_around(const struct reviewing *r, size_t k, size_t i)
{
	size_t around = r->facts[i].in, none = r->pattern->count;

	while (around != none && around != r->facts[k].in)
		around = r->facts[around].in;
	return around == r->facts[k].in;
}

/* Whatever has the text of rule ${i} in it, does rule ${k} match that? */
static bool
covers(struct reviewing *r, size_t k, size_t i)
{
	const struct pattern *p = r->pattern;
	const struct rule_facts *whole = &r->facts[k], *part = &r->facts[i];
	struct err err = { "" };

	if (p->rules[k].kind != PATTERN_RULE || !whole->free ||
	    (whole->core.begins && !part->core.begins) ||
	    (whole->core.ends && !part->core.ends) ||
	    (is_caseless(p, &p->rules[i]) && !is_caseless(p, &p->rules[k])) ||
	    !is_around(r, k, i))
		return false;
	return p->engine->match(p->rules[k].code, part->core.text,
		   strlen(part->core.text), NULL, 0, &err) == PATTERN_YES;
}

/* The rule before ${i} with the same expressions; what is only matched if a
 * second expression agrees is hidden by one that does not ask for it. */
static const struct pattern_rule *
find_same(struct reviewing *r, size_t i)
{
	const struct pattern *p = r->pattern;
	struct pattern_rule *rule = &p->rules[i], *same;
	const struct pattern_written *w = &rule->written,
				     *s = &rule->second_written;
	const char *key = arena_printf(
	    r->arena, "%u %u %s", w->negated, w->options, w->expression);

	same = strmap_find(&r->seen, key);
	if (same == NULL && rule->second != NULL) {
		key = arena_printf(r->arena, "%s\n%u %u %s", key, s->negated,
		    s->options, s->expression);
		same = strmap_find(&r->seen, key);
	}
	if (same != NULL && is_around(r, (size_t)(same - p->rules), i))
		return same;
	(void)strmap_set(&r->seen, key, &p->rules[i]);
	return NULL;
}

/* Why rule ${i} is never found, or NULL. */
static const char *
hidden(struct reviewing *r, size_t i)
{
	const struct pattern *p = r->pattern;
	const struct pattern_rule *same = find_same(r, i);

	if (same != NULL)
		return arena_printf(
		    r->arena, "line %u has the same expression", same->line);
	if (!r->facts[i].plain || clock_cpu() > r->until)
		return NULL;
	for (size_t k = 0; k < i; k++)
		if (covers(r, k, i))
			return arena_printf(r->arena,
			    "line %u matches all that it does",
			    p->rules[k].line);
	return NULL;
}

static void
review_rule(struct reviewing *r, size_t i,
    void (*say)(void *arg, const char *text), void *arg)
{
	const struct pattern *p = r->pattern;
	const char *why;

	if (r->all != p->count && is_around(r, r->all, i))
		why = arena_printf(r->arena,
		    "line %u matches everything, and hides all behind it",
		    p->rules[r->all].line);
	else
		why = hidden(r, i);
	if (why != NULL)
		say(arg,
		    arena_printf(r->arena, "%s:%u: never found: %s", p->name,
			p->rules[i].line, why));
}

void
pattern_review(void *state, void (*say)(void *arg, const char *text), void *arg)
{
	const struct pattern *p = state;
	struct reviewing r = { .pattern = p,
		.arena = arena_new(),
		.all = p->count,
		.until = clock_cpu() + most_time };
	size_t open = p->count;
	bool told = false;

	r.facts = arena_alloc(r.arena, (p->count + 1) * sizeof *r.facts);
	for (size_t i = 0; i < p->count; i++) {
		r.facts[i].in = open;
		if (p->rules[i].kind == PATTERN_IF)
			open = i;
		else if (p->rules[i].kind == PATTERN_ENDIF && open != p->count)
			open = r.facts[open].in;
		if (p->rules[i].kind != PATTERN_RULE)
			continue;
		find_facts(&r, i);
		/* Of all that such a rule hides, the first is enough. */
		if (r.all != p->count && is_around(&r, r.all, i)) {
			if (!told)
				review_rule(&r, i, say, arg);
			told = true;
			continue;
		}
		review_rule(&r, i, say, arg);
		if (is_everything(p, &p->rules[i])) {
			r.all = i;
			told = false;
		}
	}
	strmap_free(&r.seen);
	arena_free(r.arena);
}
