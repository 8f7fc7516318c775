/* client_limits.h - smtpd_client_*_limit: how much of everything one client may
 * have.  Those who may use XCLIENT, and smtpd_client_event_limit_exceptions,
 * may have it all. */
#ifndef PROXY_CLIENT_LIMITS_H
#define PROXY_CLIENT_LIMITS_H

#include <stdbool.h>

#include "proxy/client_events.h"

struct session;

/* client_limits_connect(s): its client has too many connections, or has made
 * too many of late; true: so it was told, and the session ends.  s->limit_exempt
 * must be known. */
bool client_limits_connect(struct session *s);

/* client_limits_reached(s, event): MAIL or RCPT, once too often; true: so it
 * was told. */
bool client_limits_reached(struct session *s, enum client_event event);

/*
 * client_limits_tls(s):
 * It has had too many new TLS sessions already; true: so it was told, or, where
 * TLS begins with the connection, it is hung up on.
 * client_limits_handshake(s): one more has begun; true: too many, and told so.
 */
bool client_limits_tls(struct session *s);
bool client_limits_handshake(struct session *s);

#endif
