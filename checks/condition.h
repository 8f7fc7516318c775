/* condition.h - an expression (expression.h) bound to tables, networks and
 * windows of time, and asked. */
#ifndef CHECKS_CONDITION_H
#define CHECKS_CONDITION_H

#include <stdbool.h>

struct arena;
struct ask;
struct conf;
struct condition;
struct err;

enum condition_answer {
	CONDITION_FALSE,
	CONDITION_TRUE,
	CONDITION_FAILED, /* could not ask a table that decides */
};

/*
 * condition_compile(text, conf, arena, err):
 * In ${arena}, but for its tables, which condition_close() gives back; NULL and
 * the reason: malformed.  A table that cannot be opened is no mistake of the
 * condition: ${err} is not empty, and it answers "could not ask".
 */
struct condition *condition_compile(
    const char *text, struct conf *conf, struct arena *arena, struct err *err);
void condition_close(struct condition *condition);

/* condition_blocks(condition): asking may wait for the server of a table. */
bool condition_blocks(const struct condition *condition);

/* condition_claims(condition): it asks for nothing but what any client may
 * claim, or arrange for. */
bool condition_claims(const struct condition *condition);

/* condition_judges(condition): it compares what has been of the client's mail
 * before. */
bool condition_judges(const struct condition *condition);

/*
 * condition_test(condition, ask, seen):
 * Is it true of ${ask}?  A fact that is not known is an empty text, 0, or
 * false.  A table that could not be asked counts only if the rest does not
 * decide.  What the facts are goes to *seen, for the trace, in the subject's
 * arena.  May block, if it says so.
 */
enum condition_answer condition_test(const struct condition *condition,
    const struct ask *ask, const char **seen);

#endif
