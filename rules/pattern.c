/* pattern.c - see pattern.h.  Look-ups; pattern_rules.c reads the rules. */
#include "rules/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/pattern_rules.h"
#include "rules/prefilter.h"
#include "rules/profile.h"
#include "rules/ruletext.h"
#include "rules/ruletime.h"

static void
free_pattern(struct pattern *p)
{
	for (size_t i = 0; i < p->count; i++) {
		if (p->rules[i].code != NULL)
			p->engine->release(p->rules[i].code);
		if (p->rules[i].second != NULL)
			p->engine->release(p->rules[i].second);
	}
	prefilter_free(p->prefilter);
	profile_free(p->profile);
	free(p->always);
	free(p->rules);
	arena_free(p->arena);
	free(p);
}

static void
open_profile(struct pattern *p)
{
	p->profile = profile_new(p->name, p->count);
	for (size_t i = 0; i < p->count; i++)
		if (p->rules[i].kind != PATTERN_ENDIF)
			profile_rule(
			    p->profile, i, p->rules[i].line, p->rules[i].hash);
	profile_ready(p->profile);
}

void *
pattern_open(const struct pattern_engine *engine, struct table_opening *opening,
    struct err *err)
{
	struct pattern *p = calloc(1, sizeof *p);

	if (p == NULL)
		fatal("out of memory");
	p->engine = engine;
	p->arena = arena_new();
	p->name = arena_strdup(p->arena, opening->name);
	if (ruletext_is_file(p->name))
		p->stamp = stamp_take(p->name);
	p->prefilter = prefilter_new();
	if (pattern_rules_read(p, err) != 0) {
		free_pattern(p);
		return NULL;
	}
	opening->bad = p->bad;
	if (ruletext_is_file(p->name))
		open_profile(p);
	if (p->prefilter != NULL)
		prefilter_ready(p->prefilter,
		    arena_printf(p->arena, "%s map %s", engine->name, p->name),
		    p->count);
	return p;
}

void
pattern_close(void *state)
{
	free_pattern(state);
}

bool
pattern_changed(void *state)
{
	struct pattern *p = state;

	return ruletext_is_file(p->name) && stamp_changed(&p->stamp, p->name);
}

/* One look-up. */
struct asking {
	struct pattern *pattern;
	struct arena *arena;
	const char *key;
	size_t len;
	const uint64_t *candidates; /* NULL: all */
};

enum { WORD = 64 };

/* May the expression of rule ${i} match? */
static bool
is_candidate(const struct asking *a, size_t i)
{
	return a->candidates == NULL ||
	    (a->candidates[i / WORD] >> i % WORD & 1) != 0;
}

/* The first rule from ${i} on that must be looked at, or behind the last. */
static size_t
next_rule(const struct asking *a, size_t i)
{
	const struct pattern *p = a->pattern;
	uint64_t word;

	if (a->candidates == NULL)
		return i;
	for (; i < p->count; i = (i / WORD + 1) * WORD) {
		word =
		    (a->candidates[i / WORD] | p->always[i / WORD]) >> i % WORD;
		if (word != 0)
			return i + (size_t)__builtin_ctzll(word);
	}
	return p->count;
}

/* Does ${code}, or if ${negated} does it not, match?  Neither if it fails. */
static bool
matches(const struct asking *a, struct pattern_rule *rule, const void *code,
    bool negated, struct template_span *spans)
{
	size_t n = spans != NULL ? template_groups(rule->result) + 1 : 0;
	struct err err = { "" };
	int64_t begin = ruletime_begin();
	enum pattern_answer answer =
	    a->pattern->engine->match(code, a->key, a->len, spans, n, &err);

	ruletime_end(begin, a->pattern->name, rule->line);
	switch (answer) {
	case PATTERN_NO:
		return negated;
	case PATTERN_YES:
		return !negated;
	case PATTERN_FAILED:
		break;
	}
	if (!atomic_exchange(&rule->complained, true))
		ruletext_warn(a->pattern->engine->name, a->pattern->name,
		    rule->line, "%s", err.text);
	return false;
}

/* Does the expression of rule ${i}, or the lack of it, match? */
static bool
holds(const struct asking *a, size_t i, struct template_span *spans)
{
	struct pattern_rule *rule = &a->pattern->rules[i];
	bool negated = rule->written.negated, held;
	int64_t start;

	if (!is_candidate(a, i))
		return negated;
	if (!profile_timed())
		return matches(a, rule, rule->code, negated, spans);
	start = clock_mono();
	held = matches(a, rule, rule->code, negated, spans);
	profile_tried(a->pattern->profile, i, clock_mono() - start);
	return held;
}

static bool
try_rule(const struct asking *a, size_t i, struct table_value *value)
{
	struct pattern_rule *rule = &a->pattern->rules[i];
	struct template_span *spans = NULL;
	size_t groups = template_groups(rule->result);

	if (groups > 0)
		spans = arena_alloc(a->arena, (groups + 1) * sizeof *spans);
	if (!holds(a, i, spans))
		return false;
	if (rule->second != NULL &&
	    !matches(a, rule, rule->second, rule->second_written.negated, NULL))
		return false;
	profile_hit(a->pattern->profile, i);
	value->text = template_fill(rule->result, a->arena, a->key, spans);
	if (ruletext_is_file(a->pattern->name)) {
		value->file = arena_strdup(a->arena, a->pattern->name);
		value->line = rule->line;
	}
	return true;
}

enum table_status
pattern_find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	struct pattern *p = state;
	struct asking a = {
		.pattern = p, .arena = arena, .key = key, .len = strlen(key)
	};

	a.candidates = prefilter_candidates(p->prefilter, key, a.len);
	for (size_t i = 0; (i = next_rule(&a, i)) < p->count; i++) {
		switch (p->rules[i].kind) {
		case PATTERN_RULE:
			if (try_rule(&a, i, value))
				return TABLE_FOUND;
			break;
		case PATTERN_IF:
			if (holds(&a, i, NULL))
				profile_hit(p->profile, i);
			else
				i = p->rules[i].jump;
			break;
		case PATTERN_ENDIF:
			break;
		}
	}
	return TABLE_NONE;
}

/* Is there a rule that may match one of several texts with these candidates?
 * Blocks are entered when their "if" may hold for one of them. */
static bool
may_match(const struct asking *a)
{
	const struct pattern *p = a->pattern;

	for (size_t i = 0; (i = next_rule(a, i)) < p->count; i++) {
		if (p->rules[i].kind == PATTERN_RULE)
			return true;
		if (p->rules[i].kind == PATTERN_IF && !is_candidate(a, i) &&
		    !p->rules[i].written.negated)
			i = p->rules[i].jump;
	}
	return false;
}

enum table_hint
pattern_hint(void *state, const char *text, size_t len)
{
	struct pattern *p = state;
	struct asking a = { .pattern = p };

	/* Rules that nobody knows may always match. */
	a.candidates = prefilter_unknown(p->prefilter);
	if (a.candidates == NULL || may_match(&a))
		return TABLE_UNKNOWN;
	a.candidates = prefilter_candidates(p->prefilter, text, len);
	return a.candidates != NULL && !may_match(&a) ? TABLE_SILENT
						      : TABLE_PERHAPS;
}

void
pattern_lines(void *state,
    void (*fn)(void *arg, const char *file, unsigned line), void *arg)
{
	const struct pattern *p = state;

	for (size_t i = 0; i < p->count && ruletext_is_file(p->name); i++)
		if (p->rules[i].kind == PATTERN_RULE)
			fn(arg, p->name, p->rules[i].line);
}
