/* attachment_checks.h - patterns asked about the names and types of attachments, and
 * of what zip archives among them hold, as a stage of a message's content
 * (content_stage.h). */
#ifndef CHECKS_ATTACHMENT_CHECKS_H
#define CHECKS_ATTACHMENT_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

struct attachment_checks;
struct conf;
struct content_stage;
struct content_verdict;
struct err;
struct subject;

/*
 * attachment_checks_open(conf, class, header_size, line_length, err):
 * Open the tables of attachment_checks, or, if ${class} is not NULL, those of a
 * restriction class, CLASS_attachment_checks, in ${conf} (a service's view);
 * ${header_size} and ${line_length} are header_size_limit and
 * line_length_limit.  NULL: there are none.  A table that cannot be opened cannot be asked; the reason is in
 * ${err}.  Immutable; any thread.
 */
struct attachment_checks *attachment_checks_open(struct conf *conf,
    const char *class, size_t header_size, size_t line_length, struct err *err);
void attachment_checks_close(struct attachment_checks *checks);

/* attachment_checks_block(checks): look-ups may block; not for a loop. */
bool attachment_checks_block(const struct attachment_checks *checks);

/*
 * attachment_checks_new(checks, subject, verdict, next):
 * A stage for one message, as text_checks_new().  The tables are asked about
 * lines, in the order of the message:
 *	type: application/zip	each Content-Type, in small letters
 *	name: invoice.zip	each name that may be read there and in
 *				Content-Disposition (attachment_name.h)
 *	names: too many		... of which not all readings were asked about
 *	member: invoice.exe	each name in an archive (zip_names.h)
 *	zip: encrypted		or damaged, nested, limit
 */
struct content_stage *attachment_checks_new(
    const struct attachment_checks *checks, const struct subject *subject,
    struct content_verdict *verdict, struct content_stage *next);

#endif
