/* trace_log.c - see trace_log.h. */
#include "proxy/trace_log.h"

#include <pthread.h>
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
#include "classes/stage.h"
#include "classes/trace.h"
#include "proxy/escape.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

/* Beyond MOST_WAITING records that are not written yet, new ones are lost: a
 * flood of rejections must not fill the memory. */
enum { MOST_KEPT = 100000, MOST_WAITING = 4096, MOST_TOGETHER = 256 };

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

/* In a worker: until nothing more is there. */
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

static void
put_value(struct buf *out, const char *name, const char *value)
{
	struct arena *arena = arena_new();

	buf_printf(out, " %s=<%s>", name,
	    value != NULL ? escape_text(arena, value, strlen(value)) : "");
	arena_free(arena);
}

static void
put_head(struct buf *out, const struct session *s, const struct trace *trace)
{
	const struct subject *f = &s->subject;
	time_t when = (time_t)(trace->when / CLOCK_SECOND);
	char stamp[40];
	struct tm tm;

	(void)gmtime_r(&when, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_printf(out, "%s %s number=%u client=%s stage=%s qid=%s",
	    trace->id[0] != '\0' ? trace->id : "-", stamp, s->by.number,
	    s->client, s->where, s->by.qid);
	put_value(out, "from", f->sender);
	put_value(out, "to", f->recipient);
	buf_printf(out, " proto=%s", f->protocol);
	put_value(out, "helo", f->helo);
}

static struct record *
new_record(const struct session *s, const struct trace *trace)
{
	struct record *record = calloc(1, sizeof *record);

	if (record == NULL)
		fatal("out of memory");
	put_head(&record->text, s, trace);
	return record;
}

void
trace_log_add(struct session *s, const struct verdict *verdict)
{
	struct trace_log *log = s->hall->shared->traces;
	struct record *record;

	if (log == NULL || verdict->trace == NULL ||
	    verdict->trace->steps == NULL ||
	    (verdict->pass && !s->params->weir_trace_all))
		return;
	record = new_record(s, verdict->trace);
	if (verdict->pass)
		buf_puts(&record->text, " answer=\"pass\"\n");
	else
		buf_printf(&record->text, " answer=\"%d %s %s\"\n",
		    verdict->code, verdict->dsn, verdict->text);
	trace_print(verdict->trace, &record->text);
	append(log, record);
}

void
trace_log_message(struct session *s, const char *reply)
{
	struct trace_log *log = s->hall->shared->traces;
	const struct content_note *note = s->mail->message.verdict.notes;
	const char *table = NULL;
	struct record *record;

	if (log == NULL || (note == NULL && !s->params->weir_trace_all))
		return;
	s->subject.arena = session_arena(s);
	record = new_record(s, trace_new(&s->subject));
	buf_printf(&record->text, " answer=\"%s\"\n", reply);
	for (; note != NULL; note = note->next) {
		if (table == NULL || strcmp(table, note->table) != 0)
			buf_printf(&record->text, "%s\n", note->table);
		table = note->table;
		buf_printf(
		    &record->text, "  (%s): %s", note->input, note->answer);
		if (note->file != NULL)
			buf_printf(
			    &record->text, " [%s:%u]", note->file, note->line);
		buf_putc(&record->text, '\n');
	}
	append(log, record);
}
