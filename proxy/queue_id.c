/* queue_id.c - see queue_id.h. */
#include "proxy/queue_id.h"

#include <stdio.h>

#include "base/event.h"
#include "proxy/mail.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "queue/qid.h"
#include "rules/address.h"

void
queue_id_log(struct session *s)
{
	const struct session_forward *x = &s->forward;
	const struct subject *f = &s->subject;
	char origin[1024];

	if (s->service->local) {
		(void)snprintf(origin, sizeof origin, "%u", s->uid);
		event(&proxy_events_user, &s->by, "uid", origin, "sender",
		    address_external(s->mail->arena, f->sender), NULL);
		return;
	}
	if (x->name != NULL || x->addr != NULL)
		(void)snprintf(origin, sizeof origin, "%s[%s]",
		    x->name != NULL ? x->name : "unknown",
		    x->addr != NULL ? x->addr : "unknown");
	event(&proxy_events_client, &s->by, "client", s->client, "sasl_method",
	    f->sasl_method, "sasl_username", f->sasl_username, "sasl_sender",
	    f->sasl_sender, "orig_queue_id", x->ident, "orig_client",
	    x->name != NULL || x->addr != NULL ? origin : NULL, NULL);
}

void
queue_id_open(struct session *s)
{
	if (s->qid[0] != '\0')
		return;
	qid_new(s->mail->arrival, s->params->enable_long_queue_ids, s->qid);
	s->by.qid = s->subject.queue_id = s->qid;
	queue_id_log(s);
}
