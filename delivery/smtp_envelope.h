/* smtp_envelope.h - MAIL and RCPT with what the server understands of their
 * parameters (RFC 1870, 3461, 6152, 6531). */
#ifndef DELIVERY_SMTP_ENVELOPE_H
#define DELIVERY_SMTP_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct delivery;
struct smtp_names;
struct smtp_session;
struct smtp_why;

/* smtp_envelope_check(session, delivery, arena, why): the server can take the
 * message at all, as far as it has said. */
bool smtp_envelope_check(const struct smtp_session *session,
    const struct delivery *delivery, struct arena *arena, struct smtp_why *why);

/* smtp_envelope_downgrades(session, delivery): parts that say they have 8-bit
 * octets are converted, because the server has not said that it takes them. */
bool smtp_envelope_downgrades(
    const struct smtp_session *session, const struct delivery *delivery);

/* smtp_envelope_mail(), smtp_envelope_rcpt(): put the command, for recipient
 * ${i} of the job, into the output of ${session}.  The server gets the addresses
 * in ${names}. */
void smtp_envelope_mail(struct smtp_session *session,
    const struct delivery *delivery, const struct smtp_names *names,
    struct arena *arena);
void smtp_envelope_rcpt(struct smtp_session *session,
    const struct delivery *delivery, const struct smtp_names *names, size_t i,
    struct arena *arena);

#endif
