/* client_limits.c - see client_limits.h. */
#include "proxy/client_limits.h"

#include <stdio.h>
#include <string.h>

#include "base/master.h"
#include "proxy/hall.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/proxy_params.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

static struct client_key
key_of(const struct session *s)
{
	const struct net_addr *addr = &s->subject.client;
	struct client_key user = { { .family = NET_UNIX }, s->place };
	int64_t bits = addr->family == NET_IPV6
	    ? s->params->smtpd_client_ipv6_prefix_length
	    : s->params->smtpd_client_ipv4_prefix_length;

	if (s->service->local) {
		memcpy(user.net.octets, &s->uid, sizeof s->uid);
		return user;
	}
	return (
	    struct client_key){ net_network(addr, (unsigned)bits), s->place };
}

static unsigned
rate(struct session *s, enum client_event event)
{
	struct client_key key = key_of(s);

	return client_events_add(s->hall->shared->clients, &key, event,
	    s->params->anvil_rate_time_unit);
}

static void
tell(struct session *s, const char *what, unsigned count)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%u", count);
	event(&proxy_events_too_many, &s->by_itself, "what", what, "count",
	    text, "client", s->client, "service", s->service->master->name,
	    NULL);
}

static bool
above(unsigned count, int64_t most)
{
	return most > 0 && count > most;
}

bool
client_limits_connect(struct session *s)
{
	const struct proxy_params *p = s->params;
	unsigned now, lately = 0;

	/* After XCLIENT it is somebody else, who has not connected. */
	if (s->counted || s->limit_exempt ||
	    !net_equal(&s->peer, &s->subject.client))
		return false;
	s->key = key_of(s);
	s->counted = true;
	now = client_events_open(s->hall->shared->clients, &s->key);
	if (p->smtpd_client_connection_rate_limit > 0)
		lately = rate(s, CLIENT_EVENT_CONNECT);
	if (above(now, p->smtpd_client_connection_count_limit))
		tell(s, "Connection concurrency", now);
	else if (above(lately, p->smtpd_client_connection_rate_limit))
		tell(s, "Connection rate", lately);
	else
		return false;
	session_reply(s, "421 4.7.0 %s Error: too many connections from %s",
	    s->service->myhostname, s->subject.client_addr);
	postmaster_blame(s, TRANSCRIPT_POLICY);
	return true;
}

bool
client_limits_reached(struct session *s, enum client_event event)
{
	bool mail = event == CLIENT_EVENT_MAIL;
	int64_t most = mail ? s->params->smtpd_client_message_rate_limit
			    : s->params->smtpd_client_recipient_rate_limit;
	unsigned count;

	if (most == 0 || s->limit_exempt)
		return false;
	count = rate(s, event);
	if (count <= most)
		return false;
	session_reply(s, "450 4.7.1 Error: too %s from %s",
	    mail ? "much mail" : "many recipients", s->subject.client_addr);
	tell(s,
	    mail ? "Message delivery request rate" : "Recipient address rate",
	    count);
	postmaster_blame(s, TRANSCRIPT_POLICY);
	return true;
}

static bool
tls_limited(const struct session *s)
{
	return s->params->smtpd_client_new_tls_session_rate_limit > 0 &&
	    !s->limit_exempt;
}

bool
client_limits_tls(struct session *s)
{
	bool wrapped = s->params->smtpd_tls_wrappermode && !s->greeted;
	struct client_key key = key_of(s);

	if (!tls_limited(s) ||
	    client_events_get(s->hall->shared->clients, &key, CLIENT_EVENT_TLS,
		s->params->anvil_rate_time_unit) <=
		s->params->smtpd_client_new_tls_session_rate_limit)
		return false;
	if (wrapped)
		s->hangup = true;
	else
		session_reply(s,
		    "454 4.7.0 Error: too many new TLS sessions from %s",
		    s->client);
	event(&proxy_events_too_many_tls, &s->by_itself, "what",
	    wrapped ? "TLS service" : "STARTTLS", "client", s->client,
	    "service", s->service->master->name, NULL);
	postmaster_blame(s, TRANSCRIPT_POLICY);
	return true;
}

bool
client_limits_handshake(struct session *s)
{
	unsigned count;

	if (!tls_limited(s))
		return false;
	count = rate(s, CLIENT_EVENT_TLS);
	if (count <= s->params->smtpd_client_new_tls_session_rate_limit)
		return false;
	session_reply(s,
	    "421 4.7.0 %s Error: too many new TLS sessions from %s",
	    s->service->myhostname, s->client);
	tell(s, "New TLS session rate", count);
	postmaster_blame(s, TRANSCRIPT_POLICY);
	return true;
}
