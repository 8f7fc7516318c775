/* received.c - see received.h. */
#include "proxy/received.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/local_time.h"
#include "base/tls.h"
#include "proxy/mail.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "rules/address.h"

static void
put_tls(const struct session *s, struct buf *out)
{
	const struct subject *f = &s->subject;
	struct arena *arena = arena_new();
	struct tls_facts facts;

	tls_facts(s->tls, arena, &facts);
	buf_printf(out, "\t(using %s with cipher %s (%d/%d bits)",
	    facts.protocol, facts.cipher, facts.bits, facts.alg_bits);
	if (facts.key_exchange[0] != '\0')
		buf_printf(out, "\r\n\t key-exchange %s", facts.key_exchange);
	if (facts.server_signature[0] != '\0')
		buf_printf(out, " server-signature %s", facts.server_signature);
	if (facts.client_signature[0] != '\0')
		buf_printf(
		    out, "\r\n\t client-signature %s", facts.client_signature);
	buf_puts(out, ")\r\n");
	if (facts.ccert_given)
		buf_printf(out, "\t(Client CN \"%s\", Issuer \"%s\" (%s))\r\n",
		    facts.claimed_cn, facts.claimed_issuer_cn,
		    f->ccert_trusted ? "verified OK" : "not verified");
	else if (s->params->smtpd_tls_ask_ccert)
		buf_puts(out, "\t(Client did not present a certificate)\r\n");
	else
		buf_puts(out, "\t(No client certificate requested)\r\n");
	arena_free(arena);
}

/* Where it comes from, and how. */
static void
put_client(const struct session *s, struct buf *out)
{
	const struct subject *f = &s->subject;
	const struct mail *mail = s->mail;

	buf_printf(out, "Received: from %s (%s [%s%s])\r\n",
	    f->helo != NULL ? f->helo : f->client_name, f->client_name,
	    f->client.family == NET_IPV6 ? "IPv6:" : "", f->client_addr);
	if (s->tls != NULL && s->params->smtpd_tls_received_header)
		put_tls(s, out);
	if (f->sasl_username != NULL &&
	    s->params->smtpd_sasl_authenticated_header)
		buf_printf(
		    out, "\t(Authenticated sender: %s)\r\n", f->sasl_username);
	buf_printf(out, "\tby %s (%s) with %s%s%s%s", s->service->myhostname,
	    s->service->mail_name, mail->utf8 ? "UTF8" : "",
	    mail->utf8 && s->esmtp && !s->service->lmtp ? "SMTP" : f->protocol,
	    s->tls != NULL ? "S" : "", f->sasl_username != NULL ? "A" : "");
}

void
received_put(const struct session *s, struct buf *out)
{
	const struct mail *mail = s->mail;
	const char *one = mail->nrcpts == 1 ? mail->rcpts[0].address : NULL;

	if (s->service->local) {
		buf_printf(out,
		    "Received: by %s (%s, from userid %u)\r\n\tid %s; ",
		    s->service->myhostname, s->service->mail_name, s->uid,
		    s->qid);
		local_time_date(mail->arrival, out);
		buf_puts(out, "\r\n");
		return;
	}
	if (s->params->smtpd_hide_client_session)
		buf_printf(out, "Received: by %s (%s)", s->service->myhostname,
		    s->service->mail_name);
	else
		put_client(s, out);
	/* There is none for what only passes through a filter. */
	if (s->qid[0] != '\0')
		buf_printf(out, " id %s", s->qid);
	if (one != NULL)
		buf_printf(out, "\r\n\tfor <%s>; ",
		    address_external(mail->arena, one));
	else
		buf_puts(out, ";\r\n\t");
	local_time_date(mail->arrival, out);
	buf_puts(out, "\r\n");
}
