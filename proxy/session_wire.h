/* session_wire.h - a session's octets, in plain text or TLS: what the
 * descriptor gives and takes now, and whether it is worth asking again. */
#ifndef PROXY_SESSION_WIRE_H
#define PROXY_SESSION_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct session;

enum session_wire_got {
	SESSION_WIRE_SOME, /* appended to s->in */
	SESSION_WIRE_NONE, /* not now: s->readable is false */
	SESSION_WIRE_END,
};

/* session_wire_read(s, to, want): at most ${want} octets; ${to} is the room
 * behind s->in. */
enum session_wire_got
session_wire_read(struct session *s, char *to, size_t want);

/* session_wire_write(s, data, n, put): set ${put} to what was taken; if that is
 * nothing, s->writable is false until the loop says otherwise.  False: the
 * client has gone. */
bool
session_wire_write(struct session *s, const char *data, size_t n, size_t *put);

/* session_wire_unsent(s): octets that may be written now and are not. */
size_t session_wire_unsent(const struct session *s);

/* session_wire_flush(s): write what the client takes of them.  False: it has
 * gone. */
bool session_wire_flush(struct session *s);

#endif
