/* submitter.h - mail of users of this machine: sessions of a pickup service,
 * which a Unix socket brings, and whose other end the kernel vouches for. */
#ifndef PROXY_SUBMITTER_H
#define PROXY_SUBMITTER_H

#include <stdbool.h>

struct conf;
struct session;

/* submitter_settle(view, internal): set what is only for SMTP clients, in the view of a
 * pickup service, so that it does not apply: restrictions, limits, TLS, filters
 * before the queue; and non_smtpd_milters for smtpd_milters.  ${internal}: for
 * mail of our own: nor does what smtpd and pickup alone do with a message, or a
 * limit on its size. */
void submitter_settle(struct conf *view, bool internal);

/* submitter_facts(s): the client that milters and logs are told of. */
void submitter_facts(struct session *s);

/* submitter_identify(s): who is it?  True: one of authorized_submit_users; else
 * it is told that it is not, or why that is not known.  May block. */
bool submitter_identify(struct session *s);

/* submitter_refusal(s, sender): NULL: the user may send as ${sender}, by
 * local_login_sender_maps; else the reply.  May block. */
const char *submitter_refusal(struct session *s, const char *sender);

#endif
