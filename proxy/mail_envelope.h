/* mail_envelope.h - what the queue is told of a message besides its headers and
 * recipients. */
#ifndef PROXY_MAIL_ENVELOPE_H
#define PROXY_MAIL_ENVELOPE_H

struct mail;
struct session;

/* mail_envelope_fill(s): into the mail's envelope, what is known of the message
 * and of who it came from. */
void mail_envelope_fill(struct session *s);

/* mail_envelope_apply(mail): what tables and policies want to be done with it:
 * FILTER, HOLD, DISCARD. */
void mail_envelope_apply(struct mail *mail);

#endif
