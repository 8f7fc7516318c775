/* template.h - the result of a pattern, with $1, ${1} and $(1) in it. */
#ifndef RULES_TEMPLATE_H
#define RULES_TEMPLATE_H

#include <stddef.h>

struct arena;
struct template;

/* Where a group of a pattern has matched: text[from..to), or from > to: it has
 * not. */
struct template_span {
	size_t from, to;
};

/* What is wrong with one. */
enum template_fault {
	TEMPLATE_GOOD,
	TEMPLATE_EMPTY_NAME, /* "$ " */
	TEMPLATE_TRUNCATED,  /* "${1" */
	TEMPLATE_NOT_A_NUMBER,
	TEMPLATE_OUT_OF_RANGE, /* "$0" */
};

/*
 * template_parse(arena, text, fault, what):
 * In ${arena}.  NULL: what is wrong goes to *fault, the name or text that is
 * to *what.
 */
struct template *template_parse(struct arena *arena, const char *text,
    enum template_fault *fault, const char **what);

/* template_groups(template): the highest group that it names; 0: none. */
unsigned template_groups(const struct template *template);

/*
 * template_fill(template, arena, subject, spans):
 * The result, in ${arena}; spans[n] is group n.  What comes from ${subject} is
 * not trusted: a control character becomes a blank (a tab, and a line break
 * that goes on with white space, as in a folded header, stay), and the result
 * is cut at TEMPLATE_MOST octets.
 */
enum { TEMPLATE_MOST = 256 * 1024 };
const char *template_fill(const struct template *template, struct arena *arena,
    const char *subject, const struct template_span *spans);

#endif
