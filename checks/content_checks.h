/* content_checks.h - header_checks, mime_header_checks, nested_header_checks
 * and body_checks, as a stage of a message's content (content_stage.h). */
#ifndef CHECKS_CONTENT_CHECKS_H
#define CHECKS_CONTENT_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct content_checks;
struct content_stage;
struct content_verdict;
struct err;
struct subject;

/*
 * content_checks_open(conf, header_size, line_length, err):
 * Open the tables that ${conf} (a service's view) names; ${header_size} and
 * ${line_length} are header_size_limit and line_length_limit.  Never NULL: a
 * table that cannot be opened cannot be asked, and the reasons are in ${err}
 * (empty if all is well).  Immutable; any thread.
 */
struct content_checks *content_checks_open(
    struct conf *conf, size_t header_size, size_t line_length, struct err *err);
void content_checks_close(struct content_checks *checks);

/* content_checks_idle(checks): there is nothing to check: no stage is needed.
 * content_checks_block(checks): look-ups may block; not for a loop. */
bool content_checks_idle(const struct content_checks *checks);
bool content_checks_block(const struct content_checks *checks);

/*
 * content_checks_new(checks, subject, verdict, next):
 * A stage for one message.  Its memory is bounded by the options: one header,
 * one line, and what one call passes on.  ${subject} says whom the log lines
 * name (queue_id, sender, recipient, helo, protocol ...) and has the world to
 * ask; all four outlive the stage, which is released by its close().
 *
 * A message is rejected with 550 5.7.1 or what the table says, with 550 5.6.0
 * for a fault that a strict_ parameter does not allow (and for parts nested
 * too deep), and with 451 4.3.0 if a table could not be asked.  The rest of a
 * rejected message is passed on unseen.
 */
struct content_stage *content_checks_new(const struct content_checks *checks,
    const struct subject *subject, struct content_verdict *verdict,
    struct content_stage *next);

#endif
