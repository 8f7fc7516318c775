/* cmd_tls.c - STARTTLS, and the handshake. */
#include "proxy/cmd_tls.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/loop.h"
#include "base/tls.h"
#include "proxy/client_limits.h"
#include "proxy/escape.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/milter_hook.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

enum { LOG_MOST = 100 };

/* Plain text behind STARTTLS would be taken for what came encrypted
 * (CVE-2011-0411): it is thrown away, with the client. */
static bool
injected(struct session *s)
{
	size_t n = s->in.len - s->in_at;

	if (n == 0)
		return false;
	event(&proxy_events_pipelining, &s->by_itself, "where", "STARTTLS",
	    "client", s->client, "data",
	    escape_text(session_arena(s), s->in.data + s->in_at,
		n < LOG_MOST ? n : LOG_MOST),
	    NULL);
	s->in_at = s->in.len;
	session_reply(s, "554 5.5.0 Error: SMTP protocol synchronization");
	s->hangup = true;
	return true;
}

enum smtp_command_result
cmd_tls_starttls(struct session *s)
{
	const char *reply = NULL;

	if (s->words.count != 1)
		reply = "501 5.5.4 Syntax: STARTTLS";
	else if (s->tls != NULL)
		reply = "554 5.5.1 Error: TLS already active";
	else if (s->service->tls == NULL ||
	    !(s->keywords & SMTP_SERVICE_STARTTLS))
		reply = "502 5.5.1 Error: command not implemented";
	else if (s->mail != NULL)
		reply = "503 5.5.1 Error: MAIL transaction in progress";
	else
		reply = milter_hook_standing(s);
	if (reply != NULL) {
		session_reply(s, "%s", reply);
		postmaster_blame(s, TRANSCRIPT_PROTOCOL);
		return SMTP_COMMAND_FAILED;
	}
	if (injected(s) || client_limits_tls(s))
		return SMTP_COMMAND_FAILED;
	session_reply(s, "220 2.0.0 Ready to start TLS");
	s->phase = SESSION_HANDSHAKE;
	return SMTP_COMMAND_DONE;
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static void
take_facts(struct session *s, const struct tls_facts *t)
{
	struct subject *f = &s->subject;
	char bits[16], alg_bits[16];

	f->tls_protocol = t->protocol;
	f->tls_cipher = t->cipher;
	f->tls_bits = t->bits;
	if (t->ccert_given) {
		f->ccert_trusted = t->ccert_trusted;
		f->ccert_cn = t->claimed_cn;
		f->ccert_issuer = t->claimed_issuer_cn;
		f->ccert_fingerprint = t->ccert_fingerprint;
		f->ccert_pubkey_fingerprint = t->ccert_pubkey_fingerprint;
	}
	if (s->params->smtpd_tls_loglevel == 0)
		return;
	(void)snprintf(bits, sizeof bits, "%d", t->bits);
	(void)snprintf(alg_bits, sizeof alg_bits, "%d", t->alg_bits);
	event(&proxy_events_tls, &s->by_itself, "trust",
	    !t->ccert_given        ? "Anonymous"
		: t->ccert_trusted ? "Trusted"
				   : "Untrusted",
	    "what", t->resumed ? "reused" : "established", "client", s->client,
	    "sni", or_null(t->sni), "protocol", t->protocol, "cipher",
	    t->cipher, "bits", bits, "alg_bits", alg_bits, "key_exchange",
	    or_null(t->key_exchange), "server_signature",
	    or_null(t->server_signature), "client_signature",
	    or_null(t->client_signature), NULL);
}

static enum cmd_tls_status
failed(struct session *s, const char *reason)
{
	event(&proxy_events_tls_failed, &s->by_itself, "client", s->client,
	    "reason", reason, NULL);
	s->why = "lost connection";
	return CMD_TLS_FAILED;
}

/* smtpd_tls_req_ccert, and there is no trusted certificate. */
static void
send_away(struct session *s, const struct tls_facts *t)
{
	const char *reason = t->ccert_given ? "Client certificate not trusted"
					    : "No client certificate presented";

	event(&proxy_events_tls_abort, &s->by, "client", s->client, "reason",
	    reason, NULL);
	session_reply(
	    s, "421 4.7.1 %s Error: %s", s->service->myhostname, reason);
}

static enum cmd_tls_status
finish(struct session *s)
{
	bool wanting = s->service->tls_must && s->params->smtpd_tls_req_ccert;
	struct tls_facts facts;

	tls_facts(s->tls, s->facts, &facts);
	if (wanting && facts.fault != NULL)
		event(&proxy_events_tls_untrusted, &s->by_itself, "of",
		    facts.fault_of, "client", s->client, "fault", facts.fault,
		    NULL);
	take_facts(s, &facts);
	if (!facts.resumed && client_limits_handshake(s))
		return CMD_TLS_DONE;
	if (wanting && !facts.ccert_trusted) {
		send_away(s, &facts);
		return CMD_TLS_DONE;
	}
	session_forget(s);
	return CMD_TLS_DONE;
}

enum cmd_tls_status
cmd_tls_handshake(struct session *s)
{
	/* The 220 must have left in plain text. */
	if (s->out_at < s->out.len)
		return CMD_TLS_WAIT;
	if (s->tls == NULL)
		s->tls = tls_new(s->service->tls, s->watch.fd);
	switch (tls_handshake(s->tls)) {
	case TLS_OK:
		return finish(s);
	case TLS_WANT_WRITE:
		loop_watch_write(s->hall->loop, &s->watch);
		return CMD_TLS_WAIT;
	case TLS_WANT_READ:
		return CMD_TLS_WAIT;
	case TLS_EOF:
		return failed(s, "lost connection");
	case TLS_ERROR:
		break;
	}
	return failed(s, tls_reason(s->tls));
}
