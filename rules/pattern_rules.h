/* pattern_rules.h - the rules of a pattern table; for pattern.c. */
#ifndef RULES_PATTERN_RULES_H
#define RULES_PATTERN_RULES_H

#include <stdatomic.h>
#include <stdint.h>

#include "rules/pattern.h"
#include "rules/stamp.h"

enum pattern_kind { PATTERN_RULE, PATTERN_IF, PATTERN_ENDIF };

/* An expression as it is written. */
struct pattern_written {
	const char *expression; /* NULL: none */
	unsigned options;       /* of the engine */
	bool negated;
};

struct pattern_rule {
	enum pattern_kind kind;
	unsigned line;
	uint32_t hash; /* of its text */
	struct pattern_written written, second_written;
	void *code, *second; /* of the engine; NULL: none */
	struct template *result;
	size_t jump; /* of an if: its endif, or behind the last rule */
	atomic_bool complained;
};

struct pattern {
	const struct pattern_engine *engine;
	const char *name;
	struct arena *arena; /* names and results */
	struct pattern_rule *rules;
	size_t count, room;
	unsigned bad;
	struct stamp stamp;
	struct prefilter *prefilter; /* NULL: none */
	/* Rules that are visited even where their expression does not match,
	 * those with "!" and "if": a bit for each. */
	uint64_t *always;
	struct profile *profile; /* NULL: not of a file */
};

/* pattern_rules_read(p, err): fill in the rules, warn of bad ones and count
 * them, and tell p->prefilter of them.  -1 and the reason: the table cannot be
 * read. */
int pattern_rules_read(struct pattern *p, struct err *err);

#endif
