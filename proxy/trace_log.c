/* trace_log.c - see trace_log.h. */
#include "proxy/trace_log.h"

#include "base/arena.h"
#include "checks/content_verdict.h"
#include "classes/recipient_content.h"
#include "classes/stage.h"
#include "classes/trace_keeper.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

/* Keep what ${trace} has led to in this session. */
static void
keep(struct session *s, const struct trace *trace, const char *answer)
{
	const struct trace_origin origin = { s->by.number, s->client, s->where,
		s->by.qid };

	trace_keeper_add(
	    s->hall->shared->traces, &origin, &s->subject, trace, answer);
}

void
trace_log_add(struct session *s, const struct verdict *verdict)
{
	const struct trace *trace = verdict->trace;
	const char *answer = "pass";

	if (s->hall->shared->traces == NULL || trace == NULL ||
	    trace->steps == NULL ||
	    (verdict->pass && !s->params->weir_trace_all))
		return;
	if (!verdict->pass)
		answer = arena_printf(session_arena(s), "%d %s %s",
		    verdict->code, verdict->dsn, verdict->text);
	keep(s, trace, answer);
}

/* What a header or body check has found, as a step. */
static struct trace_step *
step_of(struct arena *arena, const struct content_note *note)
{
	struct trace_step *step = arena_alloc(arena, sizeof *step);

	step->list = note->table;
	step->restriction = "";
	step->input = note->input;
	step->answer = note->answer;
	step->file = note->file;
	step->line = note->line;
	step->nanoseconds = -1;
	return step;
}

void
trace_log_message(struct session *s, const char *reply)
{
	const struct content_note *note = s->mail->message.verdict.notes;
	struct trace *trace;

	if (s->hall->shared->traces == NULL ||
	    (note == NULL && !s->params->weir_trace_all))
		return;
	s->subject.arena = session_arena(s);
	trace = trace_new(&s->subject);
	for (; note != NULL; note = note->next) {
		*trace->tail = step_of(s->subject.arena, note);
		trace->tail = &(*trace->tail)->next;
	}
	keep(s, trace, reply);
}

void
trace_log_note(
    struct session *s, const struct content_note *note, const char *answer)
{
	struct trace *trace;

	if (s->hall->shared->traces == NULL)
		return;
	s->subject.arena = session_arena(s);
	trace = trace_new(&s->subject);
	*trace->tail = step_of(s->subject.arena, note);
	trace->tail = &(*trace->tail)->next;
	keep(s, trace, answer);
}

/* The steps of one recipient. */
struct gathering {
	struct trace *trace;
	struct arena *arena;
	const struct content_note *decided;
};

static void
gather_note(void *arg, const struct content_note *note)
{
	struct gathering *g = arg;
	struct trace_step *step = step_of(g->arena, note);

	*g->trace->tail = step;
	g->trace->tail = &step->next;
	if (note == g->decided)
		g->trace->decision = step;
}

void
trace_log_recipient(
    struct session *s, const struct mail_rcpt *rcpt, const char *answer)
{
	const char *before = s->subject.recipient;
	bool passes = rcpt->verdict->fate == RECIPIENT_TAKEN;
	struct gathering g = { .decided = rcpt->verdict->note };

	if (s->hall->shared->traces == NULL ||
	    (passes && !s->params->weir_trace_all))
		return;
	g.arena = s->subject.arena = session_arena(s);
	g.trace = trace_new(&s->subject);
	recipient_content_notes(
	    s->mail->recipients, rcpt->group, gather_note, &g);
	if (passes && g.trace->steps == NULL)
		return;
	s->subject.recipient = rcpt->address;
	keep(s, g.trace, answer);
	s->subject.recipient = before;
}
