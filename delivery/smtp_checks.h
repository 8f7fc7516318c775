/* smtp_checks.h - smtp_header_checks and its relatives, those of lmtp, and then
 * generic maps: a message that is edited while it is sent (header_checks(5)). */
#ifndef DELIVERY_SMTP_CHECKS_H
#define DELIVERY_SMTP_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct delivery;
struct smtp_body;
struct smtp_checks;
struct smtp_session;

/* smtp_checks_new(delivery, session, body, out): for one message over
 * ${session}: what comes of it goes through ${body} to the end of ${out}.  NULL:
 * there is nothing to check or rewrite. */
struct smtp_checks *smtp_checks_new(const struct delivery *delivery,
    const struct smtp_session *session, struct smtp_body *body,
    struct buf *out);
void smtp_checks_free(struct smtp_checks *checks);

/* smtp_checks_put(checks, data, n): the next part of the message, of any size; the
 * first one is the header section.
 * smtp_checks_end(checks): that was all.  False: a table could not be asked,
 * which the log says, and the message must not be sent so.  Both may block. */
bool smtp_checks_put(struct smtp_checks *checks, const char *data, size_t n);
bool smtp_checks_end(struct smtp_checks *checks);

#endif
