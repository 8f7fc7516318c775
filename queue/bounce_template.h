/* bounce_template.h - what notices say in words: built in, or from
 * bounce_template_file, whose format is that of Postfix's bounce(5). */
#ifndef QUEUE_BOUNCE_TEMPLATE_H
#define QUEUE_BOUNCE_TEMPLATE_H

#include <stdbool.h>

struct arena;
struct err;

enum bounce_template_kind {
	BOUNCE_TEMPLATE_FAILURE,
	BOUNCE_TEMPLATE_DELAY,
	BOUNCE_TEMPLATE_SUCCESS,
	BOUNCE_TEMPLATE_VERIFY,
	BOUNCE_TEMPLATE_KINDS,
};

struct bounce_template {
	const char *kind; /* "failure" */
	const char *file; /* where it was written, or "[built-in]" */
	const char *charset, *from, *subject;
	const char *copy_subject; /* for the postmaster; NULL: no such copy */
	const char *text; /* each line with its "\n"; $names in it as written */
	unsigned line;    /* of ${file}, where the text begins */
};

/* bounce_template_init(templates): those that are built in. */
void
bounce_template_init(struct bounce_template templates[BOUNCE_TEMPLATE_KINDS]);

/*
 * bounce_template_parse(file, text, arena, templates, warn, err):
 * Replace those of ${templates} that ${text} has, which is what ${file} says.
 * One that cannot be used stays what it was, with a warning that says why (if
 * ${warn}), as in Postfix; -1 and "file:line: why": the rest of the file makes no sense, as
 * Postfix has it, and ${templates} is of no use.
 */
int
bounce_template_parse(const char *file, const char *text, struct arena *arena,
    struct bounce_template templates[], bool warn, struct err *err);

#endif
