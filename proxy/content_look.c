/* content_look.c - see content_look.h. */
#include "proxy/content_look.h"

#include "proxy/mail.h"
#include "proxy/milter_content.h"
#include "proxy/session.h"

void
content_look(struct session *s)
{
	struct mail *mail = s->mail;

	if (mail->text.len > 0)
		message_feed(&mail->message, mail->text.data, mail->text.len);
	if (mail->whole)
		message_end(&mail->message);
	milter_content_look(s);
}
