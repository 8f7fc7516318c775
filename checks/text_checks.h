/* text_checks.h - patterns asked about what a message's reader sees, as a stage of
 * its content (content_stage.h): headers, and the lines of its texts, decoded. */
#ifndef CHECKS_TEXT_CHECKS_H
#define CHECKS_TEXT_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct content_stage;
struct content_verdict;
struct err;
struct subject;
struct text_checks;

/*
 * text_checks_open(conf, class, header_size, line_length, err):
 * Open the tables of text_checks, or, if ${class} is not NULL, those of a
 * restriction class, CLASS_text_checks, in ${conf} (a service's view);
 * ${header_size} and ${line_length} are header_size_limit and
 * line_length_limit.  NULL: there are none.  A table that cannot be opened cannot be asked; the reason is in
 * ${err}.  Immutable; any thread.
 */
struct text_checks *text_checks_open(struct conf *conf, const char *class,
    size_t header_size, size_t line_length, struct err *err);
void text_checks_close(struct text_checks *checks);

/* text_checks_block(checks): look-ups may block; not for a loop. */
bool text_checks_block(const struct text_checks *checks);

/*
 * text_checks_new(checks, subject, verdict, next):
 * A stage for one message, which passes it on as it is.  Its memory is bounded
 * by the options: one header, and a line or two of each reading of a part.
 * Owners and answers are as those of content_checks_new(); an answer that edits
 * is warned of and has no effect (content_judge.h).
 *
 * The tables are asked, in the order of the message, about each header, of parts
 * and of messages within it, too: "Name: value" on one line, encoded words
 * decoded; and about each line of each text.  HTML is asked about twice: as it
 * is written, and as it is read.
 */
struct content_stage *
text_checks_new(const struct text_checks *checks, const struct subject *subject,
    struct content_verdict *verdict, struct content_stage *next);

#endif
