/* message_trial.c - see message_trial.h. */
#include "weir/message_trial.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "base/param.h"
#include "checks/content_checks.h"
#include "checks/content_lists.h"
#include "classes/class_content.h"

int
message_trial_open(struct message_trial *t, struct conf *conf, struct err *err)
{
	t->arena = arena_new();
	t->mail = arena_new();
	if (param_load(&proxy_params_table, conf, t->arena, &t->params, err) !=
	    0)
		return -1;
	message_rules_open(&t->rules, conf, &t->params, t->arena, err);
	/* Elements are to be seen even if nothing is asked about them. */
	t->rules.tables.idle = false;
	return 0;
}

void
message_trial_close(struct message_trial *t)
{
	if (t->arena == NULL)
		return;
	message_close(&t->message);
	message_rules_close(&t->rules);
	buf_free(&t->wire);
	buf_free(&t->text);
	arena_free(t->mail);
	arena_free(t->arena);
}

const char *
message_trial_place(
    struct arena *arena, const char *file, unsigned line, const char *list)
{
	return file != NULL ? arena_printf(arena, "%s:%u", file, line)
			    : arena_strdup(arena, list);
}

const char *
message_trial_word(enum message_fate fate)
{
	static const char *const words[MESSAGE_FATES] = { "accept", "hold",
		"discard", "defer", "reject" };

	return words[fate];
}

/* One line, in words: the answer, or what is done with the message. */
static const char *
decide(struct message_trial *t)
{
	static const char *const words[] = { [EFFECT_FILTER] = "filter",
		[EFFECT_REDIRECT] = "redirect",
		[EFFECT_BCC] = "bcc" };
	const struct content_verdict *v = &t->message.verdict;
	struct buf text = { 0 };
	const char *decision;

	t->fate = MESSAGE_REJECTED;
	if (t->message.fault == MESSAGE_TOO_LARGE)
		return "reject 552 5.3.4 Error: message file too big";
	if (t->message.fault == MESSAGE_OCTETS)
		return "reject 550 5.7.1 disallowed character";
	if (v->code != 0) {
		if (v->code / 100 == 4)
			t->fate = MESSAGE_DEFERRED;
		return arena_printf(t->mail, "%s %d %s %s",
		    message_trial_word(t->fate), v->code, v->dsn, v->text);
	}
	t->fate = MESSAGE_ACCEPTED;
	if (content_verdict_has(v, EFFECT_HOLD))
		t->fate = MESSAGE_HELD;
	if (content_verdict_has(v, EFFECT_DISCARD))
		t->fate = MESSAGE_DISCARDED;
	buf_puts(&text, message_trial_word(t->fate));
	for (const struct effect *e = v->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_FILTER || e->kind == EFFECT_REDIRECT ||
		    e->kind == EFFECT_BCC)
			buf_printf(&text, ", %s %s", words[e->kind], e->text);
	decision = arena_strdup(t->mail, buf_str(&text));
	buf_free(&text);
	return decision;
}

/* The list with one more place, if it is not there. */
static const char *
add_place(struct message_trial *t, const char *list, const char *place)
{
	enum { MOST = 1000 };
	const char *found = strstr(list, place);
	size_t n = strlen(place);

	if (*place == '\0' || strlen(list) > MOST)
		return list;
	for (; found != NULL; found = strstr(found + 1, place))
		if ((found == list || found[-1] == ' ') &&
		    (found[n] == '\0' || found[n] == ','))
			return list;
	return arena_printf(
	    t->mail, "%s%s%s", list, *list != '\0' ? ", " : "", place);
}

/* Is it a list whose answers are seen with their elements? */
static bool
is_seen(const struct message_trial *t, const char *list)
{
	for (size_t i = 0; i <= CONTENT_BODY; i++)
		if (t->rules.tables.checks->tables[i] != NULL &&
		    strcmp(t->rules.tables.checks->tables[i]->name, list) == 0)
			return true;
	return false;
}

/* Tell of what has been answered about decoded content since the last time. */
static void
take_notes(struct message_trial *t)
{
	const struct content_note *note =
	    t->note != NULL ? t->note->next : t->message.verdict.notes;
	const char *decision;

	for (; note != NULL; note = note->next) {
		t->note = note;
		if (is_seen(t, note->table))
			continue;
		decision = decide(t);
		if (strcmp(decision, t->decision) != 0)
			t->by = add_place(t, t->by,
			    message_trial_place(
				t->mail, note->file, note->line, note->table));
		t->decision = decision;
		if (t->noted != NULL)
			t->noted(t->watch_arg, note);
	}
}

static void
take_seen(void *arg, const struct content_seen *seen)
{
	struct message_trial *t = arg;
	const char *decision, *place;

	if (seen->value.text != NULL) {
		take_notes(t);
		decision = decide(t);
		place = message_trial_place(
		    t->mail, seen->value.file, seen->value.line, seen->list);
		if (strcmp(decision, t->decision) != 0)
			t->by = add_place(t, t->by, place);
		if (seen->fate != CONTENT_KEEP)
			t->edits = add_place(t, t->edits, place);
		t->decision = decision;
	}
	if (t->watch != NULL)
		t->watch(t->watch_arg, seen);
}

void
message_trial_add(
    struct message_trial *t, const char *address, const char *classes)
{
	struct message_trial_rcpt *more;

	if (t->nrcpts == t->room) {
		t->room = t->room == 0 ? 4 : 2 * t->room;
		more = arena_alloc(t->arena, t->room * sizeof *more);
		if (t->nrcpts > 0)
			memcpy(more, t->rcpts, t->nrcpts * sizeof *more);
		t->rcpts = more;
	}
	t->rcpts[t->nrcpts++] = (struct message_trial_rcpt){
		.address = arena_strdup(t->arena, address),
		.classes = arena_strdup(t->arena, classes),
		.decision = "accept",
		.by = "",
	};
}

const struct message_trial_rcpt *
message_trial_find(const struct message_trial *t, const char *address)
{
	for (size_t i = 0; i < t->nrcpts; i++)
		if (strcasecmp(t->rcpts[i].address, address) == 0)
			return &t->rcpts[i];
	return NULL;
}

void
message_trial_print(const struct message_trial_rcpt *rcpt, struct buf *out)
{
	buf_printf(out, "    <%s>: %s", rcpt->address, rcpt->decision);
	if (rcpt->outcome != NULL)
		buf_printf(out, "; %s", rcpt->outcome);
	if (*rcpt->by != '\0')
		buf_printf(out, " [%s]", rcpt->by);
	buf_putc(out, '\n');
}

static void
open_recipients(struct message_trial *t)
{
	t->recipients = NULL;
	for (size_t i = 0; i < t->nrcpts; i++) {
		t->rcpts[i].verdict = (struct recipient_verdict){ 0 };
		t->rcpts[i].decision = "accept";
		t->rcpts[i].outcome = NULL;
		t->rcpts[i].by = "";
	}
	if (t->rules.tables.classes == NULL || t->nrcpts == 0)
		return;
	t->recipients = recipient_content_new(
	    t->rules.tables.classes, &t->subject, &t->message.verdict, t->mail);
	for (size_t i = 0; i < t->nrcpts; i++)
		t->rcpts[i].group = recipient_content_add(
		    t->recipients, t->rcpts[i].address, t->rcpts[i].classes);
}

/* In words, as decide() has them for all. */
static void
decide_for(struct message_trial *t, struct message_trial_rcpt *r)
{
	static const char *const words[] = { [RECIPIENT_TAKEN] = "accept",
		[RECIPIENT_HELD] = "hold",
		[RECIPIENT_DISCARDED] = "discard" };
	const struct recipient_verdict *v = &r->verdict;
	const struct content_note *note = v->note;

	if (v->fate == RECIPIENT_REFUSED)
		r->decision = arena_printf(t->mail, "%s %d %s %s",
		    v->code < 500 ? "defer" : "reject", v->code, v->dsn,
		    v->text);
	else if (v->fate == RECIPIENT_REDIRECTED)
		r->decision = arena_printf(t->mail, "redirect %s", v->redirect);
	else
		r->decision = words[v->fate];
	r->by = note != NULL
	    ? message_trial_place(t->mail, note->file, note->line, note->table)
	    : "";
}

/* A refusal that the client is not told of, as others take the message. */
static const char *
outcome_of(struct arena *arena, const struct class_content *by)
{
	switch (by->action) {
	case CLASS_CONTENT_HOLD:
		return "held";
	case CLASS_CONTENT_DISCARD:
		return "discarded";
	case CLASS_CONTENT_REDIRECT:
		break;
	}
	return arena_printf(arena, "redirected to %s", by->redirect);
}

static void
tell_note(void *arg, const struct content_note *note)
{
	struct message_trial *t = arg;

	if (t->noted != NULL)
		t->noted(t->watch_arg, note);
}

/* The recipients' verdicts, and the message's where they leave no other. */
static void
judge_recipients(struct message_trial *t)
{
	const struct recipient_verdict *refusal;
	struct recipient_sum sum = { 0 };
	struct message_trial_rcpt *r;

	for (r = t->rcpts; r < t->rcpts + t->nrcpts; r++) {
		recipient_content_verdict(t->recipients, r->group, &r->verdict);
		recipient_content_sum(&sum, &r->verdict);
		decide_for(t, r);
	}
	recipient_content_found(t->recipients, tell_note, t);
	refusal = recipient_content_refusal(&sum, t->soft_bounce);
	for (r = t->rcpts; r < t->rcpts + t->nrcpts; r++) {
		if (refusal == NULL && r->verdict.fate == RECIPIENT_REFUSED)
			r->outcome = outcome_of(t->mail, r->verdict.by);
		if (refusal == &r->verdict) {
			t->decision = r->decision;
			t->by = r->by;
			t->fate = refusal->code < 500 ? MESSAGE_DEFERRED
						      : MESSAGE_REJECTED;
		}
	}
}

/* What the checks common to all have decided holds for each of them. */
static void
decide_alike(struct message_trial *t)
{
	for (size_t i = 0; i < t->nrcpts; i++) {
		t->rcpts[i].decision = t->decision;
		t->rcpts[i].by = t->by;
	}
}

void
message_trial_begin(struct message_trial *t, const struct subject *subject)
{
	struct message_about about = { .subject = &t->subject };

	message_close(&t->message);
	arena_reset(t->mail);
	t->subject = *subject;
	t->subject.arena = t->mail;
	open_recipients(t);
	about.recipients = t->recipients;
	message_open(&t->message, &t->rules, &t->params, &about, t->mail);
	content_checks_watch(t->message.stack.checks, take_seen, t);
	t->body = (struct body){
		.keep_cr = !t->params.cleanup_replace_stray_cr_lf,
	};
	t->last = '\n';
	t->decision = decide(t);
	t->by = t->edits = "";
	t->note = NULL;
	t->sum = 0;
}

static void
add_sum(struct message_trial *t, const char *p, size_t n)
{
	/* FNV-1a. */
	uint64_t sum = t->sum != 0 ? t->sum : 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ (unsigned char)p[i]) * 0x100000001b3u;
	t->sum = sum;
}

/* What a client would send goes through what a server does with it. */
static void
decode(struct message_trial *t)
{
	struct keep *keep = &t->message.keep;
	size_t used;

	buf_reset(&t->text);
	(void)body_decode(&t->body, t->wire.data, t->wire.len, &t->text, &used);
	buf_reset(&t->wire);
	if (t->body.nul)
		message_nul(&t->message);
	if (t->text.len > 0)
		message_feed(&t->message, t->text.data, t->text.len);
	take_notes(t);
	if (t->keep)
		return;
	add_sum(t, keep->body.data, keep->body.len);
	buf_reset(&keep->body);
}

void
message_trial_feed(struct message_trial *t, const char *data, size_t n)
{
	const char *end = data + n, *lf;

	for (; data < end; data = lf + 1) {
		if (t->last == '\n' && *data == '.')
			buf_putc(&t->wire, '.');
		lf = memchr(data, '\n', (size_t)(end - data));
		if (lf == NULL) {
			buf_put(&t->wire, data, (size_t)(end - data));
			break;
		}
		buf_put(&t->wire, data, (size_t)(lf - data));
		if ((lf > data ? lf[-1] : t->last) != '\r')
			buf_putc(&t->wire, '\r');
		buf_putc(&t->wire, '\n');
		t->last = '\n';
	}
	if (n > 0)
		t->last = end[-1];
	decode(t);
}

void
message_trial_end(struct message_trial *t)
{
	struct keep *keep = &t->message.keep;

	if (t->last != '\n')
		message_trial_feed(t, "\n", 1);
	buf_puts(&t->wire, ".\r\n");
	decode(t);
	message_end(&t->message);
	take_notes(t);
	add_sum(t, keep->body.data, keep->body.len);
	add_sum(t, keep->headers.data, keep->headers.len);
	if (!t->keep)
		buf_reset(&keep->body);
	t->decision = decide(t);
	if (t->recipients != NULL && t->fate <= MESSAGE_HELD &&
	    !content_verdict_has(&t->message.verdict, EFFECT_REDIRECT))
		judge_recipients(t);
	else
		decide_alike(t);
	/* Of what does not go on nobody sees the edits. */
	if (t->fate > MESSAGE_HELD) {
		t->edits = "";
		t->sum = 0;
	}
}
