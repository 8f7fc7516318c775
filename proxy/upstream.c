/* upstream.c - see upstream.h.
 *
 * What stands behind the header is the client's, and may be TLS: so the header
 * is only looked at until all of it is there. */
#include "proxy/upstream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "proxy/escape.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/upstream_header.h"

void
upstream_begin(struct session *s)
{
	s->phase = SESSION_UPSTREAM;
	s->deadline = clock_mono() + s->params->smtpd_upstream_proxy_timeout;
	s->readable = true;
}

/* Nobody knows who it is: it is told so by the name of the proxy. */
static void
fail(struct session *s, const char *why, const char *header, size_t n)
{
	event(&proxy_events_upstream, &s->by_itself, "why", why, "header",
	    n > 0 ? escape_text(session_arena(s), header, n) : NULL, NULL);
	event(&proxy_events_connect, &s->by_itself, "client", s->client, NULL);
	session_reply(
	    s, "421 4.3.0 %s Server local error", s->service->myhostname);
	session_settle(s);
	s->phase = SESSION_COMMAND;
	s->deadline = 0;
	/* What was only looked at must go before the reply can arrive. */
	s->readable = true;
}

static void
adopt(struct session *s, const struct upstream_header *h)
{
	struct subject *f = &s->subject;
	char text[NET_TEXT];

	session_set_client(s, &h->client, h->client_port);
	f->server_addr = arena_strdup(s->facts, net_print(&h->server, text));
	f->server_port = arena_printf(s->facts, "%u", h->server_port);
}

static enum upstream_status
wait_or_not(struct session *s, ssize_t n)
{
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		s->readable = false;
		return UPSTREAM_WAIT;
	}
	fail(s, "lost connection", "", 0);
	return UPSTREAM_OVER;
}

enum upstream_status
upstream_read(struct session *s)
{
	char header[UPSTREAM_HEADER_MOST];
	struct upstream_header h;
	ssize_t n;

	if (!s->readable)
		return UPSTREAM_WAIT;
	do
		n = recv(s->watch.fd, header, sizeof header, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return wait_or_not(s, n);
	switch (upstream_header_parse(header, (size_t)n, &h)) {
	case UPSTREAM_HEADER_MORE:
		/* The rest comes with an edge of its own, or never. */
		if (s->hung_up)
			return wait_or_not(s, 0);
		s->readable = false;
		return UPSTREAM_WAIT;
	case UPSTREAM_HEADER_BAD:
		fail(s, h.why, header, (size_t)n);
		return UPSTREAM_OVER;
	case UPSTREAM_HEADER_DONE:
		break;
	}
	if (recv(s->watch.fd, header, h.used, 0) != (ssize_t)h.used)
		return wait_or_not(s, 0);
	if (!h.local)
		adopt(s, &h);
	s->phase = SESSION_COMMAND;
	s->deadline = 0;
	return UPSTREAM_DONE;
}

void
upstream_late(struct session *s)
{
	fail(s, "timeout error", "", 0);
}
