/* completion.c - see completion.h. */
#include "proxy/completion.h"

#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/local_time.h"
#include "proxy/full_name.h"
#include "proxy/mail.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "rules/address.h"
#include "rules/route.h"

const char *
completion_line(struct arena *arena, const char *text)
{
	char *line = arena_strdup(arena, text);

	for (char *p = line; *p != '\0'; p++)
		if (*p == '\r' || (*p == '\n' && p[1] != ' ' && p[1] != '\t'))
			*p = ' ';
	return line;
}

void
completion_put_line(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n' && (text[1] == ' ' || text[1] == '\t'))
			buf_puts(out, "\r\n");
		else if (*text == '\n' || *text == '\r')
			buf_putc(out, ' ');
		else
			buf_putc(out, *text);
	}
	buf_puts(out, "\r\n");
}

/* A new message id: the time and the queue id, or one that is never used
 * twice by itself. */
static const char *
new_id(const struct session *s)
{
	time_t seconds = (time_t)(s->mail->arrival / CLOCK_SECOND);
	char stamp[32] = "";
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	if (!s->params->enable_long_queue_ids)
		(void)strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S.", &tm);
	return arena_printf(
	    s->mail->arena, "<%s%s@%s>", stamp, s->qid, s->service->myhostname);
}

/* The sender of the envelope, as the queue will have it. */
static const char *
sender(const struct session *s)
{
	const struct smtp_service *service = s->service;
	struct arena *arena = s->mail->arena;
	char *address;

	if (s->mail->sender[0] == '\0')
		return "MAILER-DAEMON";
	address = route_rewrite(service->route, arena, s->mail->sender, true);
	if (!service->no_address_mappings)
		(void)route_canonical_all(service->route, s->subject.world,
		    arena, address, 's', &address);
	return address_external(arena, address);
}

static void
add_from(struct session *s, const char *resent)
{
	struct mail *mail = s->mail;
	struct buf *out = &mail->message.keep.headers;
	const char *name = mail->full_name;

	buf_printf(out, "%sFrom: ", resent);
	if (name != NULL && *name != '\0' && mail->sender[0] != '\0') {
		full_name_put(out, s->service->from_format,
		    s->params->full_name_encoding_charset, name, sender(s));
	} else {
		buf_puts(out, sender(s));
	}
	buf_puts(out, "\r\n");
}

static void
log_id(const struct session *s, const char *id, bool resent)
{
	const struct event_by cleanup = {
		.program = "cleanup", .number = s->by.number, .qid = s->by.qid
	};

	event(
	    resent ? &proxy_events_resent_message_id : &proxy_events_message_id,
	    &cleanup, "message_id", id, NULL);
}

static void
log_ids(const struct session *s)
{
	const struct keep_id *id = s->mail->message.keep.ids;

	for (; id != NULL; id = id->next)
		log_id(s, id->value, id->resent);
}

static void
add_message_id(struct session *s, const char *resent)
{
	struct keep *keep = &s->mail->message.keep;
	const char *id = new_id(s);

	buf_printf(&keep->headers, "%sMessage-Id: %s\r\n", resent, id);
	log_id(s, id, *resent != '\0');
	if (*resent != '\0')
		return;
	keep->has_id = true;
	keep->message_id = strdup(id);
	if (keep->message_id == NULL)
		fatal("out of memory");
}

/* For the clients that we complete; and whom the message is for, for all. */
void
completion_add(struct session *s)
{
	struct mail *mail = s->mail;
	struct keep *keep = &mail->message.keep;
	const char *undisclosed = s->params->undisclosed_recipients_header;
	const char *resent = keep->resent ? "Resent-" : "";
	bool complete = route_header_wanted(s->service->route, mail->local) ||
	    s->params->always_add_missing_headers;

	if (mail->completed)
		return;
	mail->completed = true;
	log_ids(s);
	if (complete && !(keep->resent ? keep->has_resent_id : keep->has_id))
		add_message_id(s, resent);
	if (!keep->has_id)
		log_id(s, "<>", false);
	if (complete &&
	    !(keep->resent ? keep->has_resent_date : keep->has_date)) {
		buf_printf(&keep->headers, "%sDate: ", resent);
		local_time_date(mail->arrival, &keep->headers);
		buf_puts(&keep->headers, "\r\n");
	}
	if (complete &&
	    !(keep->resent ? keep->has_resent_from : keep->has_from))
		add_from(s, resent);
	if (*undisclosed != '\0' && !keep->has_rcpt)
		completion_put_line(&keep->headers, undisclosed);
}
