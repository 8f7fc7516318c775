/* greeting.h - who the client is, whether it is welcome, and the banner. */
#ifndef PROXY_GREETING_H
#define PROXY_GREETING_H

#include <stdbool.h>

struct session;

/* greeting_begin(s): a client has connected: find out who it is, and greet it
 * (where TLS begins with the connection, after the handshake).  The loop only;
 * may give the session to a worker; if not (s->away), it is to be driven. */
void greeting_begin(struct session *s);

/* greeting_after_tls(s): the same, from the banner on. */
void greeting_after_tls(struct session *s);

/* greeting_welcome(s): judge the client whose facts are known (again, after
 * XCLIENT), and greet it.  May block if greeting_blocks(). */
void greeting_welcome(struct session *s);
bool greeting_blocks(const struct session *s);

#endif
