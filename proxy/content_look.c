/* content_look.c - see content_look.h. */
#include "proxy/content_look.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "checks/effect.h"
#include "proxy/completion.h"
#include "proxy/mail.h"
#include "proxy/milter_content.h"
#include "proxy/received.h"
#include "proxy/session.h"

/* Our own Received:, with "\n" between its lines. */
static void
put_received(struct session *s)
{
	struct buf text = { 0 };
	size_t n = 0;

	received_put(s, &text);
	s->mail->received = arena_strndup(s->mail->arena, text.data, text.len);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\r')
			text.data[n++] = text.data[i];
	message_header(&s->mail->message, text.data, n - 1);
	buf_free(&text);
}

/* What restrictions prepended, and our own Received:, are looked at and
 * rewritten like the headers that came. */
static void
begin(struct session *s)
{
	struct mail *mail = s->mail;
	const char *line;

	mail->begun = true;
	for (struct effect *e = mail->effects; e != NULL; e = e->next) {
		mail->prepended++;
		if (e->kind != EFFECT_PREPEND)
			continue;
		line = completion_line(mail->arena, e->text);
		message_header(&mail->message, line, strlen(line));
	}
	put_received(s);
}

void
content_look(struct session *s)
{
	struct mail *mail = s->mail;

	if (!mail->begun)
		begin(s);
	if (mail->text.len > 0)
		message_feed(&mail->message, mail->text.data, mail->text.len);
	if (mail->whole)
		message_end(&mail->message);
	milter_content_look(s);
}
