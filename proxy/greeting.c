/* greeting.c - see greeting.h. */
#include "proxy/greeting.h"

#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"
#include "checks/peer.h"
#include "proxy/client_limits.h"
#include "proxy/ehlo_keywords.h"
#include "proxy/escape.h"
#include "proxy/judge.h"
#include "proxy/local_clients.h"
#include "proxy/milter_hook.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/session_work.h"
#include "proxy/smtp_service.h"
#include "proxy/submitter.h"
#include "rules/match.h"
#include "rules/table.h"
#include "rules/world.h"

enum { LOG_MOST = 100 };

bool
greeting_blocks(const struct session *s)
{
	return s->service->lists_block || s->service->replies_block ||
	    s->service->milters != NULL ||
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

/* What it is not to be offered. */
static void
find_keywords(struct session *s)
{
	const struct smtp_service *service = s->service;
	struct table_value value;
	struct err ignored = { 0 };

	s->discarded = service->discarded;
	s->keywords_failed = false;
	switch (world_find_any(s->subject.world, session_arena(s),
	    service->discard_maps, s->subject.client_addr, &value)) {
	case TABLE_FOUND:
		s->discarded =
		    ehlo_keywords_parse(value.text, session_arena(s), &ignored);
		break;
	case TABLE_NONE:
		break;
	case TABLE_FAILED:
		s->keywords_failed = true;
		break;
	}
	s->keywords = service->keywords & ~s->discarded;
}

/* What the client may do, by who it is. */
static void
find_rights(struct session *s)
{
	const struct smtp_service *service = s->service;

	s->subject.arena = session_arena(s);
	s->may_xclient = listed(s, service->xclient);
	s->may_xforward = listed(s, service->xforward);
	s->may_verp = listed(s, service->verp);
	s->newline_exempt = listed(s, service->newline_exclusions);
	s->limit_exempt =
	    s->may_xclient || listed(s, service->limit_exceptions);
	find_keywords(s);
	s->subject.local_rewrite = local_clients_has(service->local_clients,
				       &s->subject, &s->peer) == TABLE_FOUND;
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

/* Unlike that of a restriction, what a milter says is kept for MAIL, unless
 * it wants no such client at all. */
static void
welcome_or_not(struct session *s)
{
	const char *refusal = milter_hook_connect(s);

	if (refusal != NULL && refusal[0] == '5') {
		session_reply(s, "554 %s %s not accepting connections",
		    s->service->myhostname,
		    s->service->lmtp ? "LMTP" : "ESMTP");
		s->errors++;
	} else if (refusal != NULL && strncmp(refusal, "421", 3) == 0) {
		session_reply(s, "421 %s Service unavailable - try again later",
		    s->service->myhostname);
	} else {
		session_reply(s, "220 %s", s->service->banner);
	}
}

static void
judge_client(struct session *s)
{
	s->access_denied = NULL;
	milter_hook_disconnect(s);
	if (client_limits_connect(s))
		return;
	switch (judge_stage(s, STAGE_CONNECT)) {
	case SMTP_COMMAND_FAILED:
		s->errors++;
		return;
	case SMTP_COMMAND_AGAIN:
		session_work_run(s, true, judge_client);
		return;
	case SMTP_COMMAND_DONE:
	case SMTP_COMMAND_LATER:
		break;
	}
	welcome_or_not(s);
}

void
greeting_welcome(struct session *s)
{
	find_rights(s);
	judge_client(s);
}

static void
server_facts(struct session *s)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	struct net_addr addr;
	char text[NET_TEXT];
	unsigned port;

	/* A proxy has said it. */
	if (s->subject.server_addr != NULL)
		return;
	if (s->peer.family == NET_UNIX ||
	    getsockname(s->watch.fd, (struct sockaddr *)&ss, &n) < 0 ||
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

/* The name of the client is to be found. */
static bool
looks_up(const struct session *s)
{
	return s->params->smtpd_peername_lookup && s->peer.family != NET_UNIX;
}

/* Who is it?  May block. */
static void
identify(struct session *s)
{
	server_facts(s);
	s->subject.arena = s->facts;
	if (looks_up(s))
		peer_find(&s->subject);
	session_name(s);
	log_connect(s);
	find_rights(s);
	if (s->params->smtpd_tls_wrappermode && s->service->tls != NULL) {
		if (!client_limits_tls(s))
			s->phase = SESSION_HANDSHAKE;
	} else if (!spoke_first(s)) {
		judge_client(s);
	}
	session_settle(s);
}

static void
identify_user(struct session *s)
{
	if (submitter_identify(s))
		judge_client(s);
	session_settle(s);
}

void
greeting_begin(struct session *s)
{
	bool asks = looks_up(s) && peer_blocks(&s->subject);

	/* Who a user is may be asked of a server. */
	if (s->service->local)
		session_work_run(s, true, identify_user);
	else
		session_work_run(s, asks || greeting_blocks(s), identify);
}

static void
welcome(struct session *s)
{
	judge_client(s);
	session_settle(s);
}

void
greeting_after_tls(struct session *s)
{
	s->greeted = true;
	session_work_run(s, greeting_blocks(s), welcome);
}
