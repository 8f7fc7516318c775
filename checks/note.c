/* note.c - see note.h. */
#include "checks/note.h"

#include <stddef.h>

#include "base/arena.h"
#include "checks/checks_events.h"
#include "checks/subject.h"
#include "rules/address.h"

const char *
note_client(const struct subject *subject)
{
	if (subject->origin != NULL)
		return subject->origin;
	return arena_printf(subject->arena, "%s[%s]", subject->client_name,
	    subject->client_addr);
}

void
note_unasked(const struct subject *subject, const char *restriction)
{
	if (subject->ccert_unasked)
		event_warning(subject->by,
		    "%s is requested, but \"smtpd_tls_ask_ccert = no\"",
		    restriction);
}

static const char *
external(const struct subject *subject, const char *address)
{
	if (address == NULL || address[0] == '\0')
		return address;
	return address_external(subject->arena, address);
}

void
note_decision(const struct subject *subject, const char *where,
    const char *action, const char *text, const char *trace)
{
	struct event_by by = *subject->by;

	by.qid = subject->queue_id != NULL ? subject->queue_id : "NOQUEUE";
	event(&checks_events_decision, &by, "action", action, "stage", where,
	    "client", note_client(subject), "text", text, "sender",
	    external(subject, subject->sender), "recipient",
	    external(subject, subject->recipient), "protocol",
	    subject->protocol, "helo", subject->helo, "trace", trace, NULL);
}
