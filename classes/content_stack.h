/* content_stack.h - what the content of each message of a service is looked at
 * with: header and body checks, text and attachment checks, and those of the
 * classes of its recipients, one behind the other. */
#ifndef CLASSES_CONTENT_STACK_H
#define CLASSES_CONTENT_STACK_H

#include <stdbool.h>
#include <stddef.h>

struct attachment_checks;
struct class_content_all;
struct conf;
struct content_lists;
struct content_stage;
struct content_verdict;
struct err;
struct recipient_content;
struct subject;
struct text_checks;

/* Immutable once open; any thread.  Zero-initialised: nothing is looked at, if
 * idle is set. */
struct content_tables {
	bool idle;   /* nothing for ${checks}: no stage is needed */
	bool blocks; /* a check may block */
	struct content_lists *checks;          /* NULL: not open */
	struct text_checks *text;              /* NULL: there are none */
	struct attachment_checks *attachments; /* likewise */
	struct class_content_all *classes;     /* likewise */
};

/* content_stack_tables(tables, conf, header_size, line_length, err): open what a
 * service's view of the configuration names; the limits are header_size_limit
 * and line_length_limit.  Mistakes are in ${err}, one a line; the tables are
 * usable all the same.  content_stack_forget(tables): close them. */
void content_stack_tables(struct content_tables *tables, struct conf *conf,
    size_t header_size, size_t line_length, struct err *err);
void content_stack_forget(struct content_tables *tables);

/* The stages of one message; NULL: not needed. */
struct content_stack {
	struct content_stage *checks, *text, *attachments, *recipients;
};

/*
 * content_stack_open(stack, tables, subject, recipients, last):
 * Put the stages for one message before ${last}, whose verdict is theirs; the
 * first one, or ${last}.  ${subject} is whom the log names, ${recipients}
 * whose classes look behind the checks common to all; NULL: nobody's.  All of
 * them outlive the stack.
 */
struct content_stage *content_stack_open(struct content_stack *stack,
    const struct content_tables *tables, const struct subject *subject,
    struct recipient_content *recipients, struct content_stage *last);

/* content_stack_close(stack): release the stages, but not the last one. */
void content_stack_close(struct content_stack *stack);

#endif
