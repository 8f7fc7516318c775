/* content_fault.c - see content_fault.h. */
#include "proxy/content_fault.h"

#include <stdio.h>

#include "base/arena.h"
#include "proxy/mail.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"

void
content_fault_log(struct session *s)
{
	const struct subject *f = &s->subject;
	struct event_by cleanup = {
		.program = "cleanup", .number = s->by.number, .qid = s->by.qid
	};

	if (s->mail->message.fault == MESSAGE_TOO_LARGE)
		event(&proxy_events_too_large, &s->by_itself, "queue_id",
		    s->by.qid, NULL);
	else
		event(&proxy_events_content, &cleanup, "action", "reject",
		    "what",
		    arena_printf(
			s->mail->arena, "content %s", s->mail->message.wrong),
		    "client", s->client, "sender", f->sender, "recipient",
		    f->recipient, "protocol", f->protocol, "helo", f->helo,
		    "text", "5.7.1 disallowed character", NULL);
}

void
content_fault_log_hops(const struct session *s)
{
	char text[100];

	(void)snprintf(text, sizeof text,
	    "%s: message rejected: hopcount exceeded", s->by.qid);
	event(&proxy_events_trouble,
	    &(struct event_by){ .program = "cleanup", .number = s->by.number },
	    "text", text, NULL);
}
