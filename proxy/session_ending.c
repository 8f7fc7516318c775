/* session_ending.c - see session_ending.h. */
#include "proxy/session_ending.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/event.h"
#include "proxy/mail.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

static void
log_end(const struct session *s)
{
	struct buf counts = { 0 };
	unsigned done = 0, all = 0;

	for (unsigned i = 0; i < SMTP_COMMAND_COUNT; i++) {
		if (s->count[i].all == 0)
			continue;
		done += s->count[i].ok;
		all += s->count[i].all;
		buf_printf(&counts, " %s=%u", smtp_command_at(i)->counted,
		    s->count[i].ok);
		if (s->count[i].ok != s->count[i].all)
			buf_printf(&counts, "/%u", s->count[i].all);
	}
	buf_printf(&counts, " commands=%u", done);
	if (done != all || all == 0)
		buf_printf(&counts, "/%u", all);
	event(&proxy_events_disconnect, &s->by, "client", s->client, "counts",
	    buf_str(&counts), "notes", s->bare_lf ? "bare_lf" : NULL, NULL);
	buf_free(&counts);
}

/* How much of a message has come is worth a line. */
static bool
in_content(const struct session *s)
{
	return s->phase == SESSION_BODY ||
	    (s->chunk.chunks == SESSION_CHUNKS_TAKEN &&
		strcmp(s->where, "BDAT") == 0);
}

void
session_ending_log(struct session *s)
{
	char octets[24];
	bool body = in_content(s);

	if (s->why != NULL && !s->service->local) {
		if (body)
			(void)snprintf(octets, sizeof octets, "%" PRIu64,
			    s->body.chunked ? s->mail->message.size
					    : s->mail->message.whole);
		event(&proxy_events_gone, &s->by_itself, "why", s->why, "where",
		    s->where, "octets", body ? octets : NULL, "client",
		    s->client, NULL);
	}
	postmaster_over(s);
	s->by.qid = NULL;
	if (!s->service->local)
		log_end(s);
}
