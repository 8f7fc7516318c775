/* smtp_tls.h - STARTTLS, and whether the server is who it should be. */
#ifndef DELIVERY_SMTP_TLS_H
#define DELIVERY_SMTP_TLS_H

#include <stdbool.h>

struct arena;
struct smtp_session;
struct smtp_why;

/*
 * smtp_tls_start(session, arena, why):
 * Say STARTTLS and shake hands (RFC 3207); at the levels verify and secure the
 * server must prove its name.  False: no mail may be sent, and why;
 * session->tls_failed is set if it may be worth a try without TLS.  True with
 * session->tls unset: the server does not want to, and need not.
 */
bool smtp_tls_start(
    struct smtp_session *session, struct arena *arena, struct smtp_why *why);

#endif
