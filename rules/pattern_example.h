/* pattern_example.h - keys that a pattern table is likely to have. */
#ifndef RULES_PATTERN_EXAMPLE_H
#define RULES_PATTERN_EXAMPLE_H

struct arena;

/* pattern_example(arena, expression): a text that the expression matches, if it
 * is a simple one: what is repeated is there once, of alternatives the first.
 * It is for the caller to see whether it does.  NULL: not a simple one. */
char *pattern_example(struct arena *arena, const char *expression);

/* pattern_example_each(state, fn, arg): as the member examples of struct
 * table_type: one of each rule. */
void pattern_example_each(void *state,
    void (*fn)(void *arg, const char *key, const char *value), void *arg);

#endif
