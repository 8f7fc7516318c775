/* pattern.h - what regexp: and pcre: tables have in common (regexp_table(5),
 * pcre_table(5)): rules in order, if and endif, negation, flags, results. */
#ifndef RULES_PATTERN_H
#define RULES_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/template.h"
#include "rules/types.h"

struct arena;
struct buf;
struct err;
struct pattern;

enum pattern_answer { PATTERN_NO, PATTERN_YES, PATTERN_FAILED };

/* A flag is toggled in the options, has no effect, or does not exist. */
enum pattern_flag { PATTERN_TOGGLED, PATTERN_OBSOLETE, PATTERN_UNKNOWN };

/* A kind of regular expressions. */
struct pattern_engine {
	const char *name;                  /* of the table type */
	const char *unclosed, *group_zero; /* its words for two mistakes */
	bool second;                       /* allows /this/!/but not this/ */
	unsigned options;                  /* where no flag is given */
	unsigned caseless;                 /* the one of flag i */
	enum pattern_flag (*toggle)(char flag, unsigned *options);
	/* NULL and the reason; *groups: how many the expression has. */
	void *(*compile)(const char *expression, unsigned options,
	    unsigned *groups, struct err *err);
	void (*release)(void *code);
	/* For a prefilter: what matches wherever the expression does, and any
	 * text that has a line which the expression matches; and the
	 * MULTIMATCH_ flags.  False: cannot be said. */
	bool (*widen)(const char *expression, unsigned options, struct buf *out,
	    unsigned *flags);
	/* spans[0..n) are set if it matches.  PATTERN_FAILED and the reason:
	 * limits.  Any thread. */
	enum pattern_answer (*match)(const void *code, const char *subject,
	    size_t len, struct template_span *spans, size_t n, struct err *err);
};

/* As the members of struct table_type. */
void *pattern_open(const struct pattern_engine *engine,
    struct table_opening *opening, struct err *err);
void pattern_close(void *state);
bool pattern_changed(void *state);
void pattern_lines(void *state,
    void (*fn)(void *arg, const char *file, unsigned line), void *arg);

/*
 * pattern_find(state, arena, key, value):
 * The rules are tried in order, those that cannot match left out where a
 * prefilter knows them; one whose expression meets a limit does not match, and
 * a warning, one per rule, says so.
 */
enum table_status pattern_find(void *state, struct arena *arena,
    const char *key, struct table_value *value);
enum table_hint pattern_hint(void *state, const char *text, size_t len);

#endif
