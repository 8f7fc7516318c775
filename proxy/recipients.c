/* recipients.c - see recipients.h. */
#include "proxy/recipients.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "checks/content_verdict.h"
#include "classes/class_content.h"
#include "classes/recipient_content.h"
#include "proxy/answers.h"
#include "proxy/mail.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "queue/envelope.h"
#include "rules/duplicates.h"
#include "rules/route.h"

struct filling {
	struct session *session;
	struct mail *mail;
	const struct smtp_service *service;
	struct envelope *envelope;
	struct duplicates seen;
	size_t room;
	bool endless; /* aliases that exceed a limit */
};

/* What makes two recipients the same. */
static const char *
key_of(struct filling *f, const char *address, const char *original,
    const char *orcpt, unsigned notify)
{
	struct arena *arena = f->mail->arena;

	if (!f->service->original_recipients)
		return address;
	return arena_printf(
	    arena, "%s\n%u\n%s\n%s", orcpt, notify, original, address);
}

/* Why it waits is shown where the queue is. */
static void
hold(struct filling *f, const struct recipient_verdict *v,
    struct envelope_rcpt *rcpt)
{
	const struct content_note *note = v->note;

	rcpt->state = ENVELOPE_HELD;
	if (v->code != 0)
		rcpt->reason = arena_printf(f->mail->arena, "%s: %s %s",
		    note != NULL ? note->table : v->by->class, v->dsn, v->text);
	else
		rcpt->reason = arena_printf(
		    f->mail->arena, "%s: %s", note->table, note->answer);
}

/* Append a recipient that is not there yet. */
static void
add(struct filling *f, const char *address, const char *original,
    const struct mail_rcpt *from)
{
	struct arena *arena = f->mail->arena;
	struct envelope *e = f->envelope;
	struct envelope_rcpt *more;
	const char *key =
	    key_of(f, address, original, from->orcpt, from->notify);

	if (duplicates_find(&f->seen, arena, key))
		return;
	if (e->nrcpts == f->room) {
		f->room = f->room == 0 ? 4 : 2 * f->room;
		more = arena_alloc(arena, f->room * sizeof *more);
		if (e->nrcpts > 0)
			memcpy(more, e->rcpts, e->nrcpts * sizeof *more);
		e->rcpts = more;
	}
	e->rcpts[e->nrcpts++] = (struct envelope_rcpt){
		.address = address,
		.original = strcmp(original, address) == 0 ? "" : original,
		.orcpt = from->orcpt,
		.notify = from->notify,
		.transport = "",
		.nexthop = "",
		.dsn = "",
		.reason = "",
	};
	if (from->verdict != NULL && from->verdict->fate == RECIPIENT_HELD)
		hold(f, from->verdict, &e->rcpts[e->nrcpts - 1]);
}

static enum table_status
canonical(struct filling *f, const char *address, char which, char **result)
{
	struct arena *arena = f->mail->arena;
	const struct smtp_service *service = f->service;
	enum table_status status = TABLE_NONE;
	char *completed;

	/* An envelope address is completed whatever the client may do to its
	 * headers. */
	*result = route_rewrite(service->route, arena, address, true);
	if (!service->no_address_mappings) {
		status = route_canonical_all(service->route,
		    f->session->subject.world, arena, *result, which,
		    &completed);
		if (status == TABLE_FOUND)
			*result = completed;
	}
	return status;
}

/* What virtual aliases make of ${address}. */
static int
expand(struct filling *f, const char *address, const char *original,
    const struct mail_rcpt *from)
{
	struct route_expansion expansion;

	if (f->service->no_address_mappings) {
		add(f, address, original, from);
		return 0;
	}
	if (route_expand(f->service->route, f->session->subject.world,
		f->mail->arena, address, &expansion) == TABLE_FAILED) {
		f->endless = expansion.exceeded;
		return -1;
	}
	for (size_t i = 0; i < expansion.count; i++)
		add(f, expansion.list[i], original, from);
	return 0;
}

/* One that the client, a milter or a table has named; *address is what it is
 * before aliases. */
static int
add_named(struct filling *f, const struct mail_rcpt *rcpt, char **address)
{
	if (canonical(f, rcpt->address, 'r', address) == TABLE_FAILED)
		return -1;
	return expand(f, *address, rcpt->address, rcpt);
}

/* Copies, which nobody is told about; nor of what they were first. */
static int
copy_to(struct filling *f, const char *text)
{
	static const struct mail_rcpt copy = { .orcpt = "",
		.notify = ENVELOPE_NOTIFY_NEVER };
	char *address;

	if (canonical(f, text, 'r', &address) == TABLE_FAILED)
		return -1;
	return expand(f, address, address, &copy);
}

/* The copies of mail from, or to, ${address}. */
static int
copy_by_table(struct filling *f, const char *address, bool sender)
{
	const char *copy;

	if (f->service->no_address_mappings)
		return 0;
	switch (route_copy(f->service->route, f->session->subject.world,
	    f->mail->arena, address, sender, &copy)) {
	case TABLE_NONE:
		return 0;
	case TABLE_FOUND:
		return copy_to(f, copy);
	case TABLE_FAILED:
		break;
	}
	return -1;
}

/* All that has become of one that a client or a milter gave. */
static void
take_away(struct filling *f, const char *original)
{
	struct envelope *e = f->envelope;
	size_t n = 0;

	for (size_t i = 0; i < e->nrcpts; i++) {
		const struct envelope_rcpt *r = &e->rcpts[i];
		const char *of =
		    r->original[0] != '\0' ? r->original : r->address;

		if (strcmp(of, original) == 0)
			duplicates_forget(&f->seen, f->mail->arena,
			    key_of(f, r->address, of, r->orcpt, r->notify));
		else
			e->rcpts[n++] = *r;
	}
	e->nrcpts = n;
}

static int
edit(struct filling *f)
{
	const struct mail_rcpt_edit *x;
	char *address;

	for (x = f->mail->rcpt_edits; x != NULL; x = x->next)
		if (x->remove)
			take_away(f, x->rcpt.address);
		else if (add_named(f, &x->rcpt, &address) < 0)
			return -1;
	return 0;
}

/* What becomes of one that the client gave; *taken: its mail is not thrown away. */
static int
take(struct filling *f, const struct mail_rcpt *rcpt, bool *taken)
{
	const struct recipient_verdict *v = rcpt->verdict;
	struct mail_rcpt instead = { .orcpt = "" };
	char *address;

	if (answers_refuses(rcpt) ||
	    (v != NULL && v->fate == RECIPIENT_DISCARDED))
		return 0;
	*taken = true;
	if (v == NULL || v->fate != RECIPIENT_REDIRECTED) {
		if (add_named(f, rcpt, &address) < 0)
			return -1;
		return copy_by_table(f, address, false);
	}
	instead.address = v->redirect;
	/* Nobody has asked the sender of what was refused. */
	if (v->code != 0)
		instead.notify = ENVELOPE_NOTIFY_NEVER;
	return add_named(f, &instead, &address);
}

static int
all_recipients(struct filling *f)
{
	const char *redirect = NULL, *bcc = f->service->calm.always_bcc;
	bool taken = false;
	const struct effect *e;
	char *address;

	for (e = f->mail->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_REDIRECT)
			redirect = e->text;
	if (redirect != NULL)
		return add_named(f,
		    &(struct mail_rcpt){ .address = redirect, .orcpt = "" },
		    &address);
	for (size_t i = 0; i < f->mail->nrcpts; i++)
		if (take(f, &f->mail->rcpts[i], &taken) < 0)
			return -1;
	if (!taken)
		return edit(f);
	if (copy_by_table(f, f->envelope->sender, true) < 0)
		return -1;
	for (e = f->mail->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_BCC && copy_to(f, e->text) < 0)
			return -1;
	if (*bcc != '\0' && !f->service->no_address_mappings &&
	    copy_to(f, bcc) < 0)
		return -1;
	return edit(f);
}

/* Where each goes first.  What cannot be told now is left empty: the queue has
 * it resolved again. */
static void
resolve(struct filling *f)
{
	struct envelope *e = f->envelope;
	struct route_answer answer;

	for (size_t i = 0; i < e->nrcpts; i++) {
		if (route_resolve(f->service->route, f->session->subject.world,
			f->mail->arena, e->sender, e->rcpts[i].address,
			&answer) == TABLE_FAILED)
			continue;
		e->rcpts[i].transport = answer.transport;
		e->rcpts[i].nexthop = answer.nexthop;
	}
}

const char *
recipients_fill(struct session *s, struct envelope *envelope)
{
	struct filling f = {
		.session = s,
		.mail = s->mail,
		.service = s->service,
		.seen.most = route_duplicates(s->service->route),
		.envelope = envelope,
	};
	char *sender = NULL;
	int r = -1;

	envelope->sender = "";
	if (s->mail->sender[0] == '\0' ||
	    canonical(&f, s->mail->sender, 's', &sender) != TABLE_FAILED)
		r = 0;
	if (sender != NULL)
		envelope->sender = sender;
	if (r == 0)
		r = all_recipients(&f);
	if (r == 0)
		resolve(&f);
	duplicates_free(&f.seen);
	if (r == 0)
		return NULL;
	return f.endless ? "451 4.6.0 Alias expansion error"
			 : "451 4.3.0 Error: queue file write error";
}
