/* macro.h - expansion of $name and its relatives in a text. */
#ifndef BASE_MACRO_H
#define BASE_MACRO_H

#include <stdbool.h>

struct buf;
struct err;

/* A comparison of its own kind, named behind an operator: "<level" compares
 * by the row with suffix "level".  Less than, equal to or greater than zero
 * goes to *order; false: an operand is malformed, and ${err} says why. */
struct macro_order {
	const char *suffix;
	bool (*compare)(
	    const char *left, const char *right, int *order, struct err *err);
};

/* ${name{text}}: append the result for ${text} to ${out}; false and ${err} if
 * there is none. */
struct macro_function {
	const char *name;
	bool (*apply)(const char *text, struct buf *out, struct err *err);
};

/* How names get values.  A NULL table has no rows. */
struct macro {
	/* The value of ${name}, or NULL: not defined. */
	const char *(*find)(void *arg, const char *name);
	void *arg;
	bool recurse;                           /* values are expanded, too */
	const struct macro_order *orders;       /* ended by a NULL suffix */
	const struct macro_function *functions; /* ended by a NULL name */
};

enum {
	MACRO_BAD = 1,       /* bad syntax, or values without end */
	MACRO_UNDEFINED = 2, /* a name has no value; it stands for "" */
};

/*
 * macro_expand(macro, text, out, err):
 * Append ${text} to ${out} with the following replaced; return 0 or the sum of
 * the above, and the reason of MACRO_BAD in ${err}.
 *	$name ${name} $(name)     the value
 *	${name?x} ${name?{x}:{y}} x if the value is not empty, else y
 *	${name:x}                 x if it is
 *	${{a} op {b}}             "true" or nothing: == != < <= > >=, by
 *	                          number if both are numbers
 *	${{a} op {b}?{x}:{y}}     x or y
 *	$$                        a dollar sign
 */
int macro_expand(const struct macro *macro, const char *text, struct buf *out,
    struct err *err);

/* macro_names(text, orders, fn, arg, err): call ${fn} for each name in ${text},
 * also those that a condition leaves out, up to a mistake in it: MACRO_BAD and
 * why in ${err}, which may be NULL; else 0. */
int macro_names(const char *text, const struct macro_order *orders,
    void (*fn)(void *arg, const char *name), void *arg, struct err *err);

#endif
