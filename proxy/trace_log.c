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
#include "classes/trace.h"
#include "proxy/escape.h"
#include "proxy/hall.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

/* Beyond MOST_WAITING records that are not written yet, new ones are lost: a
 * flood of rejections must not fill the memory. */
enum { MOST_KEPT = 100000, MOST_WAITING = 4096, MOST_TOGETHER = 256 };

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
	bool writing; /* a worker is, or will */
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
put_head(struct buf *out, const struct session *s, const struct verdict *v)
{
	const struct subject *f = &s->subject;
	time_t when = (time_t)(v->trace->when / CLOCK_SECOND);
	char stamp[40];
	struct tm tm;

	(void)gmtime_r(&when, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_printf(out, "%s %s number=%u client=%s stage=%s qid=%s",
	    v->trace->id[0] != '\0' ? v->trace->id : "-", stamp, s->by.number,
	    s->client, s->where, s->by.qid);
	put_value(out, "from", f->sender);
	put_value(out, "to", f->recipient);
	buf_printf(out, " proto=%s", f->protocol);
	put_value(out, "helo", f->helo);
	if (v->pass)
		buf_puts(out, " answer=\"pass\"\n");
	else
		buf_printf(
		    out, " answer=\"%d %s %s\"\n", v->code, v->dsn, v->text);
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
	record = calloc(1, sizeof *record);
	if (record == NULL)
		fatal("out of memory");
	put_head(&record->text, s, verdict);
	trace_print(verdict->trace, &record->text);
	append(log, record);
}
