/* greeting.c - see greeting.h. */
#include "proxy/greeting.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/master.h"
#include "checks/peer.h"
#include "proxy/client_count.h"
#include "proxy/escape.h"
#include "proxy/hall.h"
#include "proxy/judge.h"
#include "proxy/local_clients.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/session_work.h"
#include "proxy/smtp_service.h"
#include "rules/match.h"

enum { LOG_MOST = 100 };

bool
greeting_blocks(const struct session *s)
{
	return s->service->lists_block || s->service->replies_block ||
	    stage_blocks(s->service->rules, STAGE_CONNECT);
}

static bool
listed(struct session *s, struct match *list)
{
	const struct subject *f = &s->subject;

	return !match_empty(list) &&
	    match_client(list, f->world, session_arena(s), f->client_name,
		&f->client) == TABLE_FOUND;
}

/* What the client may do, by who it is. */
static void
find_rights(struct session *s)
{
	const struct smtp_service *service = s->service;

	s->subject.arena = session_arena(s);
	s->may_xclient = listed(s, service->xclient);
	s->may_xforward = listed(s, service->xforward);
	s->newline_exempt = listed(s, service->newline_exclusions);
	s->subject.local_rewrite = local_clients_has(service->local_clients,
				       &s->subject) == TABLE_FOUND;
}

/* Too many connections from one client; true: so it was told. */
static bool
too_many(struct session *s)
{
	int64_t most = s->params->smtpd_client_connection_count_limit;
	unsigned count;
	char text[16];

	if (most == 0 || s->counted || s->may_xclient ||
	    listed(s, s->service->limit_exceptions))
		return false;
	count = client_count_add(s->hall->shared->clients, &s->peer);
	s->counted = true;
	if (count <= most)
		return false;
	session_reply(s, "421 4.7.0 %s Error: too many connections from %s",
	    s->service->myhostname, s->subject.client_addr);
	(void)snprintf(text, sizeof text, "%u", count);
	event(&proxy_events_too_many, &s->by_itself, "count", text, "client",
	    s->client, "service", s->service->master->name, NULL);
	return true;
}

/* A client that speaks before it was greeted (hostile.md, row 29). */
static bool
spoke_first(struct session *s)
{
	char early[LOG_MOST];
	ssize_t n;

	if (s->tls != NULL)
		return false;
	n = recv(s->watch.fd, early, sizeof early, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return false;
	s->pipelined = true;
	event(&proxy_events_pipelining, &s->by_itself, "where", "CONNECT",
	    "client", s->client, "data",
	    escape_text(session_arena(s), early, (size_t)n), NULL);
	if (!s->params->smtpd_forbid_unauth_pipelining)
		return false;
	session_reply(s, "554 5.5.0 Error: SMTP protocol synchronization");
	s->hangup = true;
	return true;
}

void
greeting_welcome(struct session *s)
{
	find_rights(s);
	s->access_denied = NULL;
	if (too_many(s))
		return;
	switch (judge_stage(s, STAGE_CONNECT)) {
	case SMTP_COMMAND_FAILED:
		s->errors++;
		return;
	case SMTP_COMMAND_AGAIN:
		session_work_run(s, true, greeting_welcome);
		return;
	case SMTP_COMMAND_DONE:
	case SMTP_COMMAND_LATER:
		break;
	}
	session_reply(s, "220 %s", s->service->banner);
}

static void
server_facts(struct session *s)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	struct net_addr addr;
	char text[NET_TEXT];
	unsigned port;

	if (getsockname(s->watch.fd, (struct sockaddr *)&ss, &n) < 0 ||
	    !net_from_socket((struct sockaddr *)&ss, &addr, &port))
		return;
	s->subject.server_addr = arena_strdup(s->facts, net_print(&addr, text));
	s->subject.server_port = arena_printf(s->facts, "%u", port);
}

static void
log_connect(struct session *s)
{
	event(&proxy_events_connect, &s->by_itself, "client", s->client, NULL);
}

/* Who is it?  May block. */
static void
identify(struct session *s)
{
	server_facts(s);
	s->subject.arena = s->facts;
	if (s->params->smtpd_peername_lookup)
		peer_find(&s->subject);
	else
		peer_skip(&s->subject);
	session_name(s);
	log_connect(s);
	if (s->params->smtpd_tls_wrappermode && s->service->tls != NULL) {
		s->phase = SESSION_HANDSHAKE;
		return;
	}
	if (!spoke_first(s))
		greeting_welcome(s);
	session_settle(s);
}

void
greeting_begin(struct session *s)
{
	bool asks =
	    s->params->smtpd_peername_lookup && peer_blocks(&s->subject);

	session_work_run(s, asks || greeting_blocks(s), identify);
}

static void
welcome(struct session *s)
{
	greeting_welcome(s);
	session_settle(s);
}

void
greeting_after_tls(struct session *s)
{
	s->greeted = true;
	session_work_run(s, greeting_blocks(s), welcome);
}
