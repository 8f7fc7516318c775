/* content_action.h - the right-hand side of a header or body check
 * (header_checks(5)), carried out. */
#ifndef CHECKS_CONTENT_ACTION_H
#define CHECKS_CONTENT_ACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/mime_fault.h"

struct arena;
struct content_verdict;
struct subject;

/* One match. */
struct content_match {
	const struct subject *subject; /* for the log */
	struct content_verdict *verdict;
	struct arena *scratch; /* for what is needed until the next match */
	const char *table;     /* "header_checks" */
	bool header;           /* or a line of the body */
	bool milter;           /* a header that a milter wants to have */
	bool sending;          /* by an agent: it may only be edited */
	bool apart;            /* by some of the recipients: what decides is
			        * noted, but not logged, and what concerns all of
			        * them, FILTER and BCC, is no action */
	const char *part;      /* NULL; or what the log calls it, if it is not
			        * of the message itself and cannot be edited */
	size_t longest;        /* octets of a header */
	const char *content;   /* the header, or the line */
	const char *value;     /* what the table has for it */
	const char *file;      /* where; NULL: not known */
	unsigned line;
};

enum content_fate {
	CONTENT_KEEP,
	CONTENT_DROP,
	CONTENT_REPLACE, /* by the text */
	CONTENT_PREPEND, /* keep it, with the text as a line before it */
};

/*
 * content_action(match, text):
 * Do what match->value says: log it, add to the verdict, and return what is to
 * become of the content.  *text is in match->scratch: a header ("\n" and white
 * space between its lines) or a line, without an end of line, in which nothing
 * can begin a line of its own.  What is no action, or edits what cannot be edited, is logged as a warning, and
 * the content stays.
 */
enum content_fate
content_action(const struct content_match *match, const char **text);

/* content_action_part(match): what the log calls it. */
const char *content_action_part(const struct content_match *match);

/* content_action_log(match, action, part, content, text): "action: part
 * content from client; from=<> ...: text", by cleanup. */
void content_action_log(const struct subject *subject, const char *action,
    const char *part, const char *content, const char *text);

/* content_action_log_fault(subject, fault, text, len): the same, "reject:
 * mime-error", of a message that is rejected for ${fault}, which ${text} has.
 * Both are made in subject->arena. */
void content_action_log_fault(const struct subject *subject,
    enum mime_fault fault, const char *text, size_t len);

#endif
