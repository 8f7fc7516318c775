/* mail.c - see mail.h. */
#include "proxy/mail.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "classes/class_names.h"
#include "classes/recipient_content.h"
#include "proxy/message_rules.h"
#include "proxy/session.h"

struct mail *
mail_new(struct session *s, const char *sender)
{
	struct arena *arena = arena_new();
	struct mail *mail = arena_alloc(arena, sizeof *mail);

	mail->session = s;
	mail->arena = arena;
	mail->arrival = clock_now();
	mail->sender = arena_strdup(arena, sender);
	mail->envid = mail->classes = "";
	mail->local = s->forward.source != NULL
	    ? strcasecmp(s->forward.source, "LOCAL") == 0
	    : s->subject.local_rewrite;
	mail->effects_end = &mail->effects;
	mail->rcpt_edits_end = &mail->rcpt_edits;
	return mail;
}

void
mail_free(struct mail *mail)
{
	must(mail->submission == NULL);
	message_close(&mail->message);
	if (mail->content != NULL)
		mail->free_content(mail->content);
	if (mail->filter != NULL)
		mail->free_filter(mail->filter);
	buf_free(&mail->text);
	held_end(&mail->held);
	arena_free(mail->arena);
}

/* What their classes say about the content. */
static struct recipient_content *
group_recipients(struct mail *mail, const struct class_content_all *classes)
{
	struct recipient_content *all = recipient_content_new(classes,
	    &mail->session->subject, &mail->message.verdict, mail->arena);

	for (size_t i = 0; i < mail->nrcpts; i++) {
		struct mail_rcpt *rcpt = &mail->rcpts[i];

		rcpt->verdict = NULL;
		rcpt->group = recipient_content_add(all, rcpt->address,
		    class_names_add(mail->arena, rcpt->classes, mail->classes));
	}
	return all;
}

void
mail_begin_text(struct mail *mail, const struct message_rules *rules)
{
	struct session *s = mail->session;
	struct message_about about = { .subject = &s->subject,
		.local = mail->local };

	message_close(&mail->message);
	mail->recipients = rules->tables.classes != NULL
	    ? group_recipients(mail, rules->tables.classes)
	    : NULL;
	mail->begun = false;
	mail->prepended = 0;
	mail->received = NULL;
	about.recipients = mail->recipients;
	message_open(&mail->message, rules, s->params, &about, mail->arena);
}

static struct mail_rcpt
copy(struct arena *arena, const struct mail_rcpt *rcpt)
{
	return (struct mail_rcpt){
		.address = arena_strdup(arena, rcpt->address),
		.orcpt = arena_strdup(arena, rcpt->orcpt),
		.notify = rcpt->notify,
		.classes = "",
	};
}

/* Most recipients have come to the same classes as the one before them. */
static const char *
copy_classes(const struct mail *mail, const char *classes)
{
	const char *before =
	    mail->nrcpts > 0 ? mail->rcpts[mail->nrcpts - 1].classes : "";

	if (classes == NULL || *classes == '\0')
		return "";
	return strcmp(before, classes) == 0
	    ? before
	    : arena_strdup(mail->arena, classes);
}

void
mail_add_rcpt(struct mail *mail, const struct mail_rcpt *rcpt)
{
	struct mail_rcpt *more;

	if (mail->nrcpts == mail->room) {
		mail->room = mail->room == 0 ? 4 : 2 * mail->room;
		more = arena_alloc(mail->arena, mail->room * sizeof *more);
		if (mail->nrcpts > 0)
			memcpy(more, mail->rcpts, mail->nrcpts * sizeof *more);
		mail->rcpts = more;
	}
	mail->rcpts[mail->nrcpts] = copy(mail->arena, rcpt);
	mail->rcpts[mail->nrcpts].classes = copy_classes(mail, rcpt->classes);
	mail->nrcpts++;
}

void
mail_edit_rcpt(struct mail *mail, const struct mail_rcpt *rcpt, bool remove)
{
	struct mail_rcpt_edit *edit = arena_alloc(mail->arena, sizeof *edit);

	edit->remove = remove;
	edit->rcpt = copy(mail->arena, rcpt);
	*mail->rcpt_edits_end = edit;
	mail->rcpt_edits_end = &edit->next;
}

void
mail_add_effect(struct mail *mail, const struct effect *effect)
{
	struct effect *e = arena_alloc(mail->arena, sizeof *e);

	*e = *effect;
	e->next = NULL;
	if (e->text != NULL)
		e->text = arena_strdup(mail->arena, e->text);
	*mail->effects_end = e;
	mail->effects_end = &e->next;
}
