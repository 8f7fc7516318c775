/* smtp_checks.h - smtp_header_checks and its relatives, those of lmtp, then
 * generic maps, and quoted-printable for a server without 8BITMIME: a message
 * that is edited while it is sent (header_checks(5)). */
#ifndef DELIVERY_SMTP_CHECKS_H
#define DELIVERY_SMTP_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct delivery;
struct smtp_body;
struct smtp_checks;
struct smtp_session;
struct smtp_why;

/* smtp_checks_new(delivery, session, body, out): for one message over
 * ${session}: what comes of it goes through ${body} to the end of ${out}.  NULL:
 * there is nothing to check, rewrite or convert. */
struct smtp_checks *smtp_checks_new(const struct delivery *delivery,
    const struct smtp_session *session, struct smtp_body *body,
    struct buf *out);
void smtp_checks_free(struct smtp_checks *checks);

/* smtp_checks_put(checks, data, n): the next part of the message, of any size; the
 * first one is the header section.
 * smtp_checks_end(checks): that was all.  False: the message must not be sent
 * so: a table could not be asked, which the log says, or it has parts too deep
 * to be converted.  Both may block. */
bool smtp_checks_put(struct smtp_checks *checks, const char *data, size_t n);
bool smtp_checks_end(struct smtp_checks *checks);

/* smtp_checks_why(checks, session, why): after such a failure. */
void smtp_checks_why(const struct smtp_checks *checks,
    struct smtp_session *session, struct smtp_why *why);

#endif
