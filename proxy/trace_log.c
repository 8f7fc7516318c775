/* trace_log.c - see trace_log.h. */
#include "proxy/trace_log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/state.h"
#include "base/workers.h"
#include "checks/content_verdict.h"
#include "classes/recipient_content.h"
#include "classes/stage.h"
#include "classes/trace_record.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

/* Beyond MOST_WAITING records that are not written yet, new ones are lost: a
 * flood of rejections must not fill the memory. */
enum {
	MOST_KEPT = 100000,
	MOST_WAITING = 4096,
	MOST_TOGETHER = 256,
	GATHER_MS = 10,
};

#define MAINTAIN (60 * CLOCK_SECOND)

struct record {
	struct record *next;
	struct buf text;
};

struct trace_log {
	struct state *state;
	struct workers *workers;
	pthread_mutex_t lock;
	struct work work;
	struct record *first, **last;
	size_t waiting;
	bool writing;       /* a worker is, or will */
	int64_t maintained; /* when, mono; 0: not yet */
};

/* Write up to MOST_TOGETHER of at least one record, free them, and return the
 * others. */
static struct record *
write_some(struct trace_log *log, struct record *records)
{
	struct state_item items[MOST_TOGETHER] = { { 0 } };
	struct record *end = records, *next;
	size_t n = 0;

	do {
		items[n++] =
		    (struct state_item){ end->text.data, end->text.len };
		end = end->next;
	} while (end != NULL && n < MOST_TOGETHER);
	(void)state_ring_put(log->state, "trace", items, n, MOST_KEPT);
	for (; records != end; records = next) {
		next = records->next;
		buf_free(&records->text);
		free(records);
	}
	return end;
}

/* Who writes it looks after it: where nothing is written, nothing has to be
 * done. */
static void
maintain(struct trace_log *log)
{
	int64_t now = clock_mono();

	if (log->maintained != 0 && now - log->maintained < MAINTAIN)
		return;
	log->maintained = now;
	state_maintain(log->state, clock_now());
}

/* What a commit costs does not depend on how much it writes: the first record
 * is written at once, and those of the next moment together. */
static void
gather(void)
{
	struct timespec t = { .tv_nsec = GATHER_MS * CLOCK_MS };

	(void)nanosleep(&t, NULL);
}

/* In a worker, one at most: until nothing more is there. */
static void
write_all(struct work *work)
{
	struct trace_log *log = (struct trace_log *)(void *)((char *)work -
	    offsetof(struct trace_log, work));
	struct record *records;

	for (;;) {
		(void)pthread_mutex_lock(&log->lock);
		records = log->first;
		log->first = NULL;
		log->last = &log->first;
		log->waiting = 0;
		log->writing = records != NULL;
		(void)pthread_mutex_unlock(&log->lock);
		if (records == NULL)
			return;
		while (records != NULL)
			records = write_some(log, records);
		maintain(log);
		gather();
	}
}

struct trace_log *
trace_log_new(struct state *state, struct workers *workers)
{
	struct trace_log *log = calloc(1, sizeof *log);

	if (log == NULL)
		fatal("out of memory");
	log->state = state;
	log->workers = workers;
	log->last = &log->first;
	log->work.run = write_all;
	(void)pthread_mutex_init(&log->lock, NULL);
	return log;
}

void
trace_log_free(struct trace_log *log)
{
	if (log == NULL)
		return;
	must(!log->writing);
	(void)pthread_mutex_destroy(&log->lock);
	free(log);
}

static void
append(struct trace_log *log, struct record *record)
{
	bool start = false, full;

	(void)pthread_mutex_lock(&log->lock);
	full = log->waiting >= MOST_WAITING;
	if (!full) {
		*log->last = record;
		log->last = &record->next;
		log->waiting++;
		start = !log->writing;
		log->writing = true;
	}
	(void)pthread_mutex_unlock(&log->lock);
	if (full) {
		buf_free(&record->text);
		free(record);
	} else if (start) {
		workers_give(log->workers, &log->work);
	}
}

/* Keep what ${trace} has led to in this session. */
static void
keep(struct session *s, const struct trace *trace, const char *answer)
{
	const struct subject *f = &s->subject;
	time_t when = (time_t)(trace->when / CLOCK_SECOND);
	struct record *record = calloc(1, sizeof *record);
	struct trace_record kept = { .trace = *trace };
	char stamp[40], number[16];
	struct tm tm;

	if (record == NULL)
		fatal("out of memory");
	(void)gmtime_r(&when, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)snprintf(number, sizeof number, "%u", s->by.number);
	kept.facts[TRACE_ID] = trace->id;
	kept.facts[TRACE_TIME] = stamp;
	kept.facts[TRACE_NUMBER] = number;
	kept.facts[TRACE_CLIENT] = s->client;
	kept.facts[TRACE_STAGE] = s->where;
	kept.facts[TRACE_QUEUE_ID] = s->by.qid;
	kept.facts[TRACE_FROM] = f->sender;
	kept.facts[TRACE_TO] = f->recipient;
	kept.facts[TRACE_PROTOCOL] = f->protocol;
	kept.facts[TRACE_HELO] = f->helo;
	kept.facts[TRACE_ANSWER] = answer;
	trace_record_write(&kept, &record->text);
	append(s->hall->shared->traces, record);
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
