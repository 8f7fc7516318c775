/* mail_envelope.c - see mail_envelope.h. */
#include "proxy/mail_envelope.h"

#include <string.h>

#include "base/arena.h"
#include "checks/effect.h"
#include "proxy/filter_hook.h"
#include "proxy/mail.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "queue/envelope.h"

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static const char *
or_unknown(const char *text)
{
	return text != NULL ? text : "unknown";
}

/* Who it came from; a user of this machine is no client. */
static void
fill_client(const struct session *s, struct envelope *e)
{
	const struct subject *f = &s->subject;
	const struct session_forward *x = &s->forward;

	e->client_name = e->client_addr = e->client_port = "";
	e->helo = e->protocol = e->ident = "";
	if (s->service->local)
		return;
	e->ident = or_empty(x->ident);
	if (x->client) {
		e->client_name = or_unknown(x->name);
		e->client_addr = or_unknown(x->addr);
		e->client_port = or_unknown(x->port);
		e->helo = or_empty(x->helo);
		e->protocol = or_unknown(x->protocol);
	} else {
		e->client_name = or_empty(f->client_name);
		e->client_addr = or_empty(f->client_addr);
		e->client_port = or_empty(f->client_port);
		e->helo = or_empty(f->helo);
		e->protocol = f->protocol;
	}
}

void
mail_envelope_fill(struct session *s)
{
	const struct subject *f = &s->subject;
	struct mail *mail = s->mail;
	struct envelope *e = mail->envelope;

	memcpy(e->qid, s->qid, sizeof e->qid);
	e->arrival = mail->arrival;
	e->envid = mail->envid;
	e->verp = mail->verp;
	e->ret = mail->ret;
	e->trace = mail->trace;
	e->utf8 = mail->utf8;
	e->eight_bit = mail->eight_bit || mail->message.verdict.eight_bit;
	e->filter = filter_hook_nexthop(mail);
	if (e->filter == NULL)
		e->filter = s->params->content_filter;
	e->local = mail->local;
	fill_client(s, e);
	e->sasl_method = or_empty(f->sasl_method);
	e->sasl_username = or_empty(f->sasl_username);
	e->message_id = "";
	if (mail->message.keep.message_id != NULL)
		e->message_id =
		    arena_strdup(mail->arena, mail->message.keep.message_id);
}

void
mail_envelope_apply(struct mail *mail)
{
	/* It would find a message that nobody has written. */
	bool verify = mail->trace == ENVELOPE_TRACE_VERIFY;

	if (verify)
		mail->envelope->filter = "";
	for (struct effect *x = mail->effects; x != NULL; x = x->next) {
		if (x->kind == EFFECT_FILTER && !verify)
			mail->envelope->filter = x->text;
		else if (x->kind == EFFECT_HOLD)
			mail->envelope->hold = true;
		else if (x->kind == EFFECT_DISCARD)
			mail->discard = true;
	}
}
