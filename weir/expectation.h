/* expectation.h - what a script says that a reply must be. */
#ifndef WEIR_EXPECTATION_H
#define WEIR_EXPECTATION_H

#include <stdbool.h>

struct arena;
struct err;
struct trace_step;

/* "CODE [DSN] [text /PATTERN/] [by RESTRICTION|TABLE:LINE]" */
struct expectation {
	const char *words;   /* "554 5.7.1", "OK" */
	const char *pattern; /* extended regular expression, or NULL */
	const char *by;      /* or NULL */
};

/* expectation_parse(text, arena, e, err): false and why: not one. */
bool expectation_parse(const char *text, struct arena *arena,
    struct expectation *e, struct err *err);

/* expectation_met(e, reply, decision, err): is ${reply} ("OK", "554 5.7.1
 * text") so, and did ${decision} (NULL: no step) lead to it?  False, and in
 * ${err} what is not as it should be. */
bool expectation_met(const struct expectation *e, const char *reply,
    const struct trace_step *decision, struct err *err);

#endif
