/* pattern_rules.c - see pattern_rules.h. */
#include "rules/pattern_rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/prefilter.h"
#include "rules/ruletext.h"

static const size_t NO_IF = (size_t)-1;

/* The innermost if that is open; its jump is the one around it until its
 * endif comes. */
struct reading {
	struct pattern *pattern;
	size_t open;
};

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char *
skip_blanks(char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

#define WARN(p, line, ...)                                                     \
	ruletext_warn((p)->engine->name, (p)->name, line, __VA_ARGS__)

static struct pattern_rule *
add_rule(struct pattern *p, enum pattern_kind kind, unsigned line)
{
	struct pattern_rule *rule;

	if (p->count == p->room) {
		p->room = p->room > 0 ? p->room * 2 : 16;
		p->rules = realloc(p->rules, p->room * sizeof *p->rules);
		if (p->rules == NULL)
			fatal("out of memory");
	}
	rule = &p->rules[p->count++];
	memset(rule, 0, sizeof *rule);
	rule->kind = kind;
	rule->line = line;
	return rule;
}

/* The delimiter that ends the expression at ${p}; NULL: none. */
static char *
closing(char *p, char delimiter)
{
	for (; *p != '\0'; p++) {
		if (*p == delimiter)
			return p;
		if (*p == '\\' && p[1] != '\0')
			p++;
	}
	return NULL;
}

/* Take "!/expression/flags" from *p. */
static bool
take_expression(
    struct pattern *p, unsigned line, char **text, struct pattern_written *w)
{
	char *s = *text, delimiter;

	w->negated = false;
	for (; *s == '!' || is_blank(*s); s++)
		w->negated ^= *s == '!';
	if (*s == '\0') {
		WARN(p, line, "no regexp: skipping this rule");
		return false;
	}
	delimiter = *s++;
	w->expression = s;
	s = closing(s, delimiter);
	if (s == NULL) {
		WARN(p, line, "no closing regexp delimiter \"%c\": %s",
		    delimiter, p->engine->unclosed);
		return false;
	}
	*s++ = '\0';
	w->options = p->engine->options;
	for (; *s != '\0' && !is_blank(*s); s++) {
		if (*s == '!' && p->engine->second)
			break;
		switch (p->engine->toggle(*s, &w->options)) {
		case PATTERN_TOGGLED:
			break;
		case PATTERN_OBSOLETE:
			WARN(p, line, "ignoring obsolete regexp option \"%c\"",
			    *s);
			break;
		case PATTERN_UNKNOWN:
			WARN(p, line,
			    "unknown regexp option \"%c\": skipping this rule",
			    *s);
			return false;
		}
	}
	*text = s;
	return true;
}

static struct template *
take_result(struct pattern *p, unsigned line, const char *text)
{
	enum template_fault fault;
	struct template *result;
	const char *what = "";

	if (*text == '\0')
		WARN(p, line, "no replacement text: using empty string");
	result = template_parse(p->arena, text, &fault, &what);
	switch (fault) {
	case TEMPLATE_GOOD:
		return result;
	case TEMPLATE_EMPTY_NAME:
		event_warning(NULL, "empty macro name: \"%s\"", text);
		break;
	case TEMPLATE_TRUNCATED:
		event_warning(NULL, "truncated macro reference: \"%s\"", text);
		break;
	case TEMPLATE_NOT_A_NUMBER:
		WARN(p, line, "non-numeric replacement index \"%s\"", what);
		break;
	case TEMPLATE_OUT_OF_RANGE:
		WARN(p, line, "%s replacement index \"%s\"",
		    p->engine->group_zero, what);
		break;
	}
	WARN(p, line, "bad replacement syntax: skipping this rule");
	return NULL;
}

static void *
compile(struct pattern *p, unsigned line, const struct pattern_written *w,
    unsigned *groups)
{
	struct err err = { "" };
	void *code;

	code = p->engine->compile(w->expression, w->options, groups, &err);
	if (code == NULL)
		WARN(p, line, "%s", err.text);
	return code;
}

/* The last rule is one that ${w} must match, but for a "!". */
static void
tell_prefilter(struct pattern *p, const struct pattern_written *w)
{
	struct buf text = { 0 };
	unsigned flags = 0;

	if (p->prefilter != NULL &&
	    p->engine->widen(w->expression, w->options, &text, &flags))
		prefilter_add(
		    p->prefilter, p->count - 1, buf_str(&text), flags);
	buf_free(&text);
}

/* A copy that does not go with the line. */
static struct pattern_written
kept(struct pattern *p, const struct pattern_written *w)
{
	struct pattern_written copy = *w;

	if (w->expression != NULL)
		copy.expression = arena_strdup(p->arena, w->expression);
	return copy;
}

/* "/expression/flags result", or with engine->second "/this/!/that/ ...". */
static bool
take_rule(struct pattern *p, unsigned line, char *text)
{
	struct pattern_written first, second = { NULL, 0, false };
	struct pattern_rule *rule;
	struct template *result;
	unsigned groups, none;
	void *code, *other = NULL;

	if (!take_expression(p, line, &text, &first))
		return false;
	if (*text == '!' && !take_expression(p, line, &text, &second))
		return false;
	result = take_result(p, line, skip_blanks(text));
	if (result == NULL)
		return false;
	if (first.negated && template_groups(result) > 0) {
		WARN(p, line,
		    "$number found in negative match replacement text: "
		    "skipping this rule");
		return false;
	}
	code = compile(p, line, &first, &groups);
	if (code == NULL)
		return false;
	if (template_groups(result) > groups) {
		WARN(p, line,
		    "out of range replacement index \"%u\": "
		    "skipping this rule",
		    template_groups(result));
		p->engine->release(code);
		return false;
	}
	if (second.expression != NULL &&
	    (other = compile(p, line, &second, &none)) == NULL) {
		p->engine->release(code);
		return false;
	}
	rule = add_rule(p, PATTERN_RULE, line);
	rule->code = code;
	rule->written = kept(p, &first);
	rule->second = other;
	rule->second_written = kept(p, &second);
	rule->result = result;
	tell_prefilter(p, &first);
	return true;
}

static bool
take_if(struct reading *r, unsigned line, char *text)
{
	struct pattern *p = r->pattern;
	struct pattern_rule *rule;
	struct pattern_written w;
	unsigned groups;
	void *code;

	if (!take_expression(p, line, &text, &w))
		return false;
	text = skip_blanks(text);
	if (*text != '\0') {
		WARN(p, line, "ignoring extra text after IF statement: \"%s\"",
		    text);
		WARN(p, line,
		    "do not prepend whitespace to statements between IF and "
		    "ENDIF");
	}
	code = compile(p, line, &w, &groups);
	if (code == NULL)
		return false;
	rule = add_rule(p, PATTERN_IF, line);
	rule->code = code;
	rule->written = kept(p, &w);
	rule->jump = r->open;
	r->open = p->count - 1;
	tell_prefilter(p, &w);
	return true;
}

static bool
take_endif(struct reading *r, unsigned line, char *text)
{
	struct pattern *p = r->pattern;
	struct pattern_rule *opening;

	if (r->open == NO_IF) {
		WARN(p, line, "ignoring ENDIF without matching IF");
		return false;
	}
	if (*skip_blanks(text) != '\0')
		WARN(p, line, "ignoring extra text after ENDIF");
	(void)add_rule(p, PATTERN_ENDIF, line);
	opening = &p->rules[r->open];
	r->open = opening->jump;
	opening->jump = p->count - 1;
	return true;
}

static uint32_t
hash_of(const char *text)
{
	uint32_t hash = 2166136261;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619;
	return hash;
}

static void
take(void *arg, char *text, unsigned line)
{
	struct reading *r = arg;
	size_t before = r->pattern->count;
	uint32_t hash = hash_of(text);
	bool good = false;

	if (!isalnum((unsigned char)*text))
		good = take_rule(r->pattern, line, text);
	else if (ruletext_word(text, "if"))
		good = take_if(r, line, text + strlen("if"));
	else if (ruletext_word(text, "endif"))
		good = take_endif(r, line, text + strlen("endif"));
	else
		WARN(r->pattern, line, "ignoring unrecognized request");
	r->pattern->bad += !good;
	if (r->pattern->count > before)
		r->pattern->rules[before].hash = hash;
}

static void
mark_always(struct pattern *p)
{
	enum { WORD = 64 };

	p->always = calloc(p->count / WORD + 1, sizeof *p->always);
	if (p->always == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < p->count; i++)
		if (p->rules[i].written.negated ||
		    p->rules[i].kind == PATTERN_IF)
			p->always[i / WORD] |= UINT64_C(1) << i % WORD;
}

int
pattern_rules_read(struct pattern *p, struct err *err)
{
	struct reading r = { p, NO_IF };
	size_t around;

	if (ruletext_read(p->engine->name, p->name, take, &r, err) != 0)
		return -1;
	for (; r.open != NO_IF; r.open = around) {
		WARN(p, p->rules[r.open].line, "IF has no matching ENDIF");
		around = p->rules[r.open].jump;
		p->rules[r.open].jump = p->count;
		p->bad++;
	}
	mark_always(p);
	return 0;
}
