/* completion.c - see completion.h. */
#include "proxy/completion.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "proxy/mail.h"
#include "proxy/received.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

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

static void
add_message_id(struct session *s)
{
	struct keep *keep = &s->mail->message.keep;
	time_t seconds = (time_t)(s->mail->arrival / CLOCK_SECOND);
	struct buf id = { 0 };
	char stamp[32];
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &tm);
	buf_printf(&id, "<%s.%s@%s>", stamp, s->qid, s->service->myhostname);
	buf_printf(&keep->headers, "Message-Id: %s\r\n", id.data);
	keep->message_id = strdup(id.data);
	if (keep->message_id == NULL)
		fatal("out of memory");
	buf_free(&id);
}

/* For the clients that we complete; and whom the message is for, for all. */
void
completion_add(struct session *s)
{
	struct mail *mail = s->mail;
	struct keep *keep = &mail->message.keep;
	const char *undisclosed = s->params->undisclosed_recipients_header;
	bool complete =
	    s->subject.local_rewrite || s->params->always_add_missing_headers;

	if (mail->completed)
		return;
	mail->completed = true;
	if (complete && keep->message_id == NULL)
		add_message_id(s);
	if (complete && !keep->has_date) {
		buf_puts(&keep->headers, "Date: ");
		received_date(mail->arrival, &keep->headers);
		buf_puts(&keep->headers, "\r\n");
	}
	if (complete && !keep->has_from)
		buf_printf(&keep->headers, "From: %s\r\n",
		    mail->sender[0] == '\0' ? "MAILER-DAEMON" : mail->sender);
	if (*undisclosed != '\0' && !keep->has_rcpt)
		completion_put_line(&keep->headers, undisclosed);
}
