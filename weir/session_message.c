/* session_message.c - see session_message.h. */
#include "weir/session_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "classes/class_names.h"
#include "classes/trace.h"
#include "weir/mail_source.h"
#include "weir/message_trial.h"

struct accepted {
	struct accepted *next;
	const char *address, *classes;
};

struct session_message {
	struct arena *arena; /* of the transaction */
	struct accepted *first, **last;
	const char *data_classes;
	struct message_trial trial; /* arena NULL: none yet */
};

struct session_message *
session_message_new(void)
{
	struct session_message *m = calloc(1, sizeof *m);

	if (m == NULL)
		fatal("out of memory");
	m->arena = arena_new();
	session_message_begin(m);
	return m;
}

static void
forget_trial(struct session_message *m)
{
	message_trial_close(&m->trial);
	m->trial = (struct message_trial){ 0 };
}

void
session_message_free(struct session_message *m)
{
	forget_trial(m);
	arena_free(m->arena);
	free(m);
}

void
session_message_begin(struct session_message *m)
{
	forget_trial(m);
	arena_reset(m->arena);
	m->first = NULL;
	m->last = &m->first;
	m->data_classes = "";
}

void
session_message_rcpt(
    struct session_message *m, const char *address, const char *classes)
{
	struct accepted *a = arena_alloc(m->arena, sizeof *a);

	a->address = arena_strdup(m->arena, address);
	a->classes = arena_strdup(m->arena, classes);
	*m->last = a;
	m->last = &a->next;
}

void
session_message_data(struct session_message *m, const char *classes)
{
	m->data_classes = arena_strdup(m->arena, classes);
}

static void
feed(struct message_trial *t, struct mail_source *source,
    const struct subject *subject)
{
	const char *data;
	size_t n;

	message_trial_begin(t, subject);
	while ((data = mail_source_read(source, &n)) != NULL)
		message_trial_feed(t, data, n);
	message_trial_end(t);
}

int
session_message_run(struct session_message *m, struct conf *conf,
    const struct subject *subject, const char *path, bool soft_bounce,
    struct err *err)
{
	char *name = arena_strdup(m->arena, path);
	struct mail_source *source;
	bool found;

	forget_trial(m);
	if (m->first == NULL) {
		err_set(err, "no recipient was accepted");
		return -1;
	}
	source = mail_source_open(&name, 1, err);
	if (source == NULL)
		return -1;
	found = mail_source_next(source, err) == MAIL_SOURCE_MESSAGE;
	if (found && message_trial_open(&m->trial, conf, err) != 0)
		found = false;
	if (found) {
		m->trial.soft_bounce = soft_bounce;
		for (const struct accepted *a = m->first; a != NULL;
		     a = a->next)
			message_trial_add(&m->trial, a->address,
			    class_names_add(
				m->arena, a->classes, m->data_classes));
		feed(&m->trial, source, subject);
	}
	mail_source_close(source);
	if (!found && err->text[0] == '\0')
		err_set(err, "%s: no message", path);
	return found ? 0 : -1;
}

/* What stands behind the first word. */
static const char *
behind(const char *decision)
{
	const char *p = strchr(decision, ' ');

	return p != NULL ? p + 1 : "";
}

struct session_message_reply
session_message_reply(const struct session_message *m)
{
	const struct message_trial *t = &m->trial;
	struct session_message_reply reply = { "", NULL };

	for (const struct content_note *note = t->message.verdict.notes;
	     note != NULL; note = note->next)
		reply.note = note;
	if (t->fate == MESSAGE_REJECTED || t->fate == MESSAGE_DEFERRED)
		reply.text = behind(t->decision);
	for (size_t i = 0; i < t->nrcpts && *reply.text != '\0'; i++)
		if (t->rcpts[i].decision == t->decision)
			reply.note = t->rcpts[i].verdict.note;
	return reply;
}

bool
session_message_reply_of(const struct session_message *m, const char *address,
    struct session_message_reply *reply)
{
	static const char *const words[] = { [RECIPIENT_TAKEN] = "",
		[RECIPIENT_HELD] = "HOLD",
		[RECIPIENT_DISCARDED] = "DISCARD" };
	const struct message_trial_rcpt *r =
	    message_trial_find(&m->trial, address);

	if (r == NULL)
		return false;
	reply->note = r->verdict.note;
	if (r->verdict.fate == RECIPIENT_REFUSED)
		reply->text = behind(r->decision);
	else if (r->verdict.fate == RECIPIENT_REDIRECTED)
		reply->text =
		    arena_printf(m->arena, "REDIRECT %s", r->verdict.redirect);
	else
		reply->text = words[r->verdict.fate];
	return true;
}

void
session_message_step(struct trace *trace, const struct content_note *note,
    const struct subject *subject)
{
	struct arena *arena = subject->arena;
	const char *list = arena_strdup(arena, note->table);
	struct trace_step *step = trace_step(trace, subject, 0, list, list);

	step->within = list;
	step->input = arena_strdup(arena, note->input);
	step->answer = arena_strdup(arena, note->answer);
	if (note->file != NULL)
		step->file = arena_strdup(arena, note->file);
	step->line = note->line;
	step->nanoseconds = -1;
	trace->decision = step;
}

struct trace *
session_message_trace(
    const struct session_message_reply *reply, const struct subject *subject)
{
	struct trace *trace = trace_new(subject);

	if (reply->note != NULL)
		session_message_step(trace, reply->note, subject);
	return trace;
}

void
session_message_show(const struct session_message *m)
{
	const struct message_trial *t = &m->trial;
	struct buf text = { 0 };

	for (size_t i = 0; i < t->nrcpts && t->recipients != NULL; i++)
		message_trial_print(&t->rcpts[i], &text);
	(void)fputs(buf_str(&text), stdout);
	(void)fflush(stdout);
	buf_free(&text);
}
