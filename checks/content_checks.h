/* content_checks.h - header_checks, mime_header_checks, nested_header_checks
 * and body_checks, and those of the agents that send (smtp_header_checks ...), as
 * a stage of a message's content (content_stage.h). */
#ifndef CHECKS_CONTENT_CHECKS_H
#define CHECKS_CONTENT_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/content_action.h"
#include "rules/table.h"

struct conf;
struct content_checks;
struct content_stage;
struct content_verdict;
struct err;
struct subject;

/* What a list is asked about: headers of the message, MIME headers and those of
 * parts, headers of a message within the message, lines of the body. */
enum content_class {
	CONTENT_HEADER,
	CONTENT_MIME,
	CONTENT_NESTED,
	CONTENT_BODY
};

/*
 * content_checks_open(conf, header_size, line_length, err):
 * Open the tables that ${conf} (a service's view) names; ${header_size} and
 * ${line_length} are header_size_limit and line_length_limit.  Never NULL: a
 * table that cannot be opened cannot be asked, and the reasons are in ${err}
 * (empty if all is well).  Immutable; any thread.
 */
struct content_checks *content_checks_open(
    struct conf *conf, size_t header_size, size_t line_length, struct err *err);
/* content_checks_open_sending(conf, agent, lists, err): the same for ${agent},
 * "smtp" or "lmtp", which has lists of its own, one for each class: the
 * parameter's name behind the agent's, "header_checks", and its value. */
struct content_checks_list {
	const char *name, *tables;
};
struct content_checks *
content_checks_open_sending(struct conf *conf, const char *agent,
    const struct content_checks_list lists[static CONTENT_BODY + 1],
    struct err *err);
void content_checks_close(struct content_checks *checks);

/* content_checks_idle(checks): there is nothing to check: no stage is needed.
 * content_checks_block(checks): look-ups may block; not for a loop. */
bool content_checks_idle(const struct content_checks *checks);
bool content_checks_block(const struct content_checks *checks);

/* content_checks_tables(checks, fn, arg): call ${fn} for each table. */
void content_checks_tables(struct content_checks *checks,
    void (*fn)(void *arg, struct table *table), void *arg);

/*
 * content_checks_new(checks, subject, verdict, next):
 * A stage for one message.  Its memory is bounded by the options: one header,
 * one line, 64 KiB of lines that are looked at together (never longer than the
 * call that brings them), and what one call passes on.  ${subject} says whom
 * the log lines name (queue_id, sender, recipient, helo, protocol ...) and has
 * the world to ask; all four outlive the stage, which is released by its
 * close().
 *
 * A message is rejected with 550 5.7.1 or what the table says, with 550 5.6.0
 * for a fault that a strict_ parameter does not allow (and for parts nested
 * too deep), and with 451 4.3.0 if a table could not be asked.  The rest of a
 * rejected message is passed on unseen.
 *
 * Checks of an agent that sends only edit: their verdict is 451 if a table could
 * not be asked.  They may be given the whole message, headers and all, by body().
 */
struct content_stage *content_checks_new(const struct content_checks *checks,
    const struct subject *subject, struct content_verdict *verdict,
    struct content_stage *next);

/* An element of a message, and what became of it. */
struct content_seen {
	enum content_class class;
	const char *text; /* a header, or (a piece of) a line; no end of line */
	size_t len;
	size_t offset;            /* see mime.h */
	const char *list;         /* that was asked; NULL: none */
	struct table_value value; /* that it had; text NULL: none */
	enum content_fate fate;
	const char *result; /* of REPLACE and PREPEND */
};

/* content_checks_watch(stage, watch, arg): call watch(arg, seen) for each element
 * that ${stage}, of content_checks_new(), comes to. */
void content_checks_watch(struct content_stage *stage,
    void (*watch)(void *arg, const struct content_seen *seen), void *arg);

#endif
