/* list.h - restriction lists, compiled. */
#ifndef CLASSES_LIST_H
#define CLASSES_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strmap.h"
#include "checks/argument.h"
#include "classes/wait.h"

struct arena;
struct check;
struct condition;
struct conf;
struct err;

/* One restriction with its argument. */
struct step {
	const char *text; /* as written: "check_client_access hash:/x" */
	const struct check *check; /* NULL: one of the others */
	struct argument argument;
	const struct list *class; /* a class of the site's own */
	bool bare;                /* type:table: the access check of whatever
				   * list is evaluated */
	bool elsewhere;           /* a name that is not ours, but others' */
	/* "if": what is evaluated where it is true, as a part of this list;
	 * "score_if_reject", without a condition: whose refusal is ${weight}
	 * points. */
	struct condition *condition;
	struct list *then;
	long weight;
	const char *mistake; /* a warning; the answer is 451 4.3.5 */
};

struct list {
	const char *name; /* of the parameter, or "" for a table's entry */
	struct step *steps;
	size_t count;
	enum wait waits; /* with the classes that it names */
	bool content;    /* a class that has content checks (class_content.h) */
};

/* What the names in a list may mean, and where mistakes go. */
struct list_context {
	struct arena *arena;            /* lists live here */
	struct conf *conf;              /* NULL: no tables, no services */
	struct strmap classes;          /* of struct list */
	const struct strmap *elsewhere; /* names of others; NULL: none */
	bool routes_block;              /* asking for a route may block */
	bool memory_blocks;             /* so may what memory depends on */
	struct err *err;                /* "file:line: text" per line */
	const struct check *told[8];    /* deprecated or not done, warned of */
};

/* list_classes(context, names): define the classes that ${names}
 * (smtpd_restriction_classes) lists. */
void list_classes(struct list_context *context, const char *names);

/*
 * list_compile(context, name, text, list):
 * Compile ${text}, the value of parameter ${name}, into *list, to be given
 * back with list_close().  A mistake becomes a step that answers 451, and a
 * line in context->err.
 */
void list_compile(struct list_context *context, const char *name,
    const char *text, struct list *list);
void list_close(struct list *list);

/* list_settle(context, lists, n): when all are compiled, find out what
 * ${lists} and the classes wait for because of the classes they name. */
void
list_settle(struct list_context *context, struct list *const *lists, size_t n);

/* list_guards(list): does it keep strangers from relaying?  Whatever follows
 * an unconditional permit, or is only warned of, does not count. */
bool list_guards(const struct list *list);

#endif
