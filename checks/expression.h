/* expression.h - conditions over facts, as they are written: parsed, their types
 * checked, not yet bound to tables (condition.h).
 *
 *	or	and { "||" and }
 *	and	not { "&&" not }
 *	not	"!" not | relation
 *	relation  sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum | "in" set ]
 *	sum	atom { "+" atom }		texts, put together
 *	atom	"(" or ")" | fact | "text" | number | HH:MM | day
 *	set	"{" anything, braces in pairs "}" | a word
 */
#ifndef CHECKS_EXPRESSION_H
#define CHECKS_EXPRESSION_H

#include <stdint.h>

#include "checks/fact.h"

struct arena;
struct buf;
struct err;
struct set;

enum expression_kind {
	EXPRESSION_OR, /* weakest first */
	EXPRESSION_AND,
	EXPRESSION_NOT,
	EXPRESSION_EQUAL,
	EXPRESSION_DIFFERENT,
	EXPRESSION_LESS,
	EXPRESSION_LESS_EQUAL,
	EXPRESSION_MORE,
	EXPRESSION_MORE_EQUAL,
	EXPRESSION_IN,
	EXPRESSION_JOIN, /* '+' */
	EXPRESSION_FACT,
	EXPRESSION_CONSTANT,
};

struct expression {
	enum expression_kind kind;
	enum fact_type type;
	struct expression *left, *right; /* operands; NOT and IN: left */
	const struct fact *fact;
	const char *text; /* of a constant, and of a set */
	int64_t number;   /* of a constant */
	struct set *set;  /* for condition.c; NULL */
};

/* expression_parse(text, arena, err): true or false, in ${arena}; NULL and the
 * reason. */
struct expression *
expression_parse(const char *text, struct arena *arena, struct err *err);

/* expression_print(expression, out): append a text that parses to the same. */
void expression_print(const struct expression *expression, struct buf *out);

#endif
