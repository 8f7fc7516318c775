/* smtp_mail.h - one message over one session (RFC 5321, 3.3; RFC 2033). */
#ifndef DELIVERY_SMTP_MAIL_H
#define DELIVERY_SMTP_MAIL_H

#include <stdbool.h>

#include "delivery/smtp_why.h"

struct delivery;
struct smtp_client;
struct smtp_session;

/* A delivery on its way through the servers of its destination. */
struct smtp_run {
	struct delivery *delivery;
	const struct smtp_client *client;
	const char *nexthop; /* as the transport names it */
	bool busy;           /* there is much mail for this next hop */
	bool loops;          /* we are the best server for it */
	bool final; /* no other server will be tried: a soft failure counts */
	struct smtp_why why;   /* the last failure that did not decide */
	const char *why_relay; /* the server of it; NULL: none */
	unsigned why_number;
};

/*
 * smtp_mail_send(run, session, keep):
 * Send the message to the recipients that are not decided.  Those that are
 * accepted or refused for good are decided then; on a soft failure so are the
 * others, if run->final, or else they are left with run->why.  The session is
 * fit for another message unless it is broken; QUIT has been sent if not
 * ${keep}.  False: a session that was used before turned out to be closed, and
 * nothing has happened.
 */
bool
smtp_mail_send(struct smtp_run *run, struct smtp_session *session, bool keep);

/* smtp_mail_fail(run, session, why): the session itself failed before a message
 * could be sent: decide the recipients for whom that counts. */
void smtp_mail_fail(struct smtp_run *run, const struct smtp_session *session,
    const struct smtp_why *why);

#endif
