/* content_checks.h - header_checks, mime_header_checks, nested_header_checks
 * and body_checks, and those of the agents that send (smtp_header_checks ...), as
 * a stage of a message's content (content_stage.h). */
#ifndef CHECKS_CONTENT_CHECKS_H
#define CHECKS_CONTENT_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/content_action.h"
#include "checks/content_lists.h"
#include "rules/table.h"

struct content_stage;
struct content_verdict;
struct subject;

/*
 * content_checks_new(lists, subject, verdict, next):
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
 * With detect_8bit_encoding_header, verdict->eight_bit says what the message's
 * headers, and those of its parts, announce.
 *
 * Checks of an agent that sends only edit: their verdict is 451 if a table could
 * not be asked.  They may be given the whole message, headers and all, by body().
 */
struct content_stage *content_checks_new(const struct content_lists *lists,
    const struct subject *subject, struct content_verdict *verdict,
    struct content_stage *next);

/* content_checks_convert(stage): before ${stage}, of content_checks_new(), is told
 * anything: parts that are said to have 8-bit octets become quoted-printable
 * (RFC 6152, 3).  Parts nested too deep are a fault then. */
void content_checks_convert(struct content_stage *stage);

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
