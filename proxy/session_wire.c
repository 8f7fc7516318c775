/* session_wire.c - see session_wire.h. */
#include "proxy/session_wire.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "base/tls.h"
#include "proxy/hall.h"
#include "proxy/session.h"

/* Nothing can be written until the client takes what was. */
static void
block(struct session *s)
{
	s->writable = false;
	loop_watch_write(s->hall->loop, &s->watch);
}

/* Read what there is, at most ${want} octets. */
static enum session_wire_got
read_tls(struct session *s, char *to, size_t want)
{
	size_t n = 0;

	switch (tls_read(s->tls, to, want, &n)) {
	case TLS_OK:
		s->in.len += n;
		return SESSION_WIRE_SOME;
	case TLS_WANT_WRITE:
		block(s);
		__attribute__((fallthrough));
	case TLS_WANT_READ:
		s->readable = false;
		return SESSION_WIRE_NONE;
	case TLS_EOF:
	case TLS_ERROR:
		break;
	}
	return SESSION_WIRE_END;
}

static enum session_wire_got
read_plain(struct session *s, char *to, size_t want)
{
	ssize_t n;

	do
		n = recv(s->watch.fd, to, want, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		s->readable = false;
		return SESSION_WIRE_NONE;
	}
	if (n <= 0)
		return SESSION_WIRE_END;
	/* A short read has emptied the socket; the next edge is a new one. */
	if ((size_t)n < want && !s->hung_up)
		s->readable = false;
	s->in.len += (size_t)n;
	return SESSION_WIRE_SOME;
}

enum session_wire_got
session_wire_read(struct session *s, char *to, size_t want)
{
	return s->tls != NULL ? read_tls(s, to, want) : read_plain(s, to, want);
}

bool
session_wire_write(struct session *s, const char *data, size_t n, size_t *put)
{
	/* The end of the connection follows, in the same packet. */
	int more = s->phase == SESSION_CLOSING ? MSG_MORE : 0;
	ssize_t r;

	*put = 0;
	if (s->tls != NULL) {
		switch (tls_write(s->tls, data, n, put)) {
		case TLS_OK:
			return true;
		case TLS_WANT_READ:
			s->writable = false;
			return true;
		case TLS_WANT_WRITE:
			block(s);
			return true;
		case TLS_EOF:
		case TLS_ERROR:
			break;
		}
		return false;
	}
	do
		r = send(s->watch.fd, data, n, MSG_NOSIGNAL | more);
	while (r < 0 && errno == EINTR);
	if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		block(s);
		return true;
	}
	if (r > 0)
		*put = (size_t)r;
	return r > 0;
}

size_t
session_wire_unsent(const struct session *s)
{
	size_t end = s->out.len < s->out_held ? s->out.len : s->out_held;

	return end - s->out_at;
}

bool
session_wire_flush(struct session *s)
{
	size_t put;

	while (session_wire_unsent(s) > 0 && s->writable) {
		if (!session_wire_write(s, s->out.data + s->out_at,
			session_wire_unsent(s), &put))
			return false;
		s->out_at += put;
	}
	if (s->out_at == s->out.len) {
		buf_free(&s->out);
		s->out_at = 0;
	}
	return true;
}
