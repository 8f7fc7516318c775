/* received.h - the Received: header, and dates in headers. */
#ifndef PROXY_RECEIVED_H
#define PROXY_RECEIVED_H

#include <stdint.h>

struct buf;
struct session;

/* received_put(s, out): append the header of the session's transaction, as
 * Postfix writes it, lines ended by <CR><LF>. */
void received_put(const struct session *s, struct buf *out);

#endif
