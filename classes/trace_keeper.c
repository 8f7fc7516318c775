/* trace_keeper.c - see trace_keeper.h. */
#include "classes/trace_keeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/state.h"
#include "base/state_ring.h"
#include "base/workers.h"
#include "checks/subject.h"
#include "classes/trace_record.h"

/* Beyond MOST_WAITING records that are not written yet, new ones are lost: a
 * flood of rejections must not fill the memory. */
enum {
	MOST_KEPT = 100000,
	MOST_WAITING = 4096,
	MOST_TOGETHER = 64, /* others wait with their changes meanwhile */
	GATHER_MS = 10,
};

#define MAINTAIN (60 * CLOCK_SECOND)

struct record {
	struct record *next;
	struct buf text;
};

struct trace_keeper {
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
write_some(struct trace_keeper *keeper, struct record *records)
{
	struct state_item items[MOST_TOGETHER] = { { 0 } };
	struct record *end = records, *next;
	size_t n = 0;

	do {
		items[n++] =
		    (struct state_item){ end->text.data, end->text.len };
		end = end->next;
	} while (end != NULL && n < MOST_TOGETHER);
	(void)state_ring_put(keeper->state, "trace", items, n, MOST_KEPT);
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
maintain(struct trace_keeper *keeper)
{
	int64_t now = clock_mono();

	if (keeper->maintained != 0 && now - keeper->maintained < MAINTAIN)
		return;
	keeper->maintained = now;
	state_maintain(keeper->state, clock_now());
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
	struct trace_keeper *keeper =
	    (struct trace_keeper *)(void *)((char *)work -
		offsetof(struct trace_keeper, work));
	struct record *records;

	for (;;) {
		(void)pthread_mutex_lock(&keeper->lock);
		records = keeper->first;
		keeper->first = NULL;
		keeper->last = &keeper->first;
		keeper->waiting = 0;
		keeper->writing = records != NULL;
		(void)pthread_mutex_unlock(&keeper->lock);
		if (records == NULL)
			return;
		while (records != NULL)
			records = write_some(keeper, records);
		maintain(keeper);
		gather();
	}
}

struct trace_keeper *
trace_keeper_new(struct state *state, struct workers *workers)
{
	struct trace_keeper *keeper = calloc(1, sizeof *keeper);

	if (keeper == NULL)
		fatal("out of memory");
	keeper->state = state;
	keeper->workers = workers;
	keeper->last = &keeper->first;
	keeper->work.run = write_all;
	(void)pthread_mutex_init(&keeper->lock, NULL);
	return keeper;
}

void
trace_keeper_free(struct trace_keeper *keeper)
{
	if (keeper == NULL)
		return;
	must(!keeper->writing);
	(void)pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

static void
append(struct trace_keeper *keeper, struct record *record)
{
	bool start = false, full;

	(void)pthread_mutex_lock(&keeper->lock);
	full = keeper->waiting >= MOST_WAITING;
	if (!full) {
		*keeper->last = record;
		keeper->last = &record->next;
		keeper->waiting++;
		start = !keeper->writing;
		keeper->writing = true;
	}
	(void)pthread_mutex_unlock(&keeper->lock);
	if (full) {
		buf_free(&record->text);
		free(record);
	} else if (start) {
		workers_give(keeper->workers, &keeper->work);
	}
}

void
trace_keeper_add(struct trace_keeper *keeper, const struct trace_origin *origin,
    const struct subject *subject, const struct trace *trace,
    const char *answer)
{
	time_t when = (time_t)(trace->when / CLOCK_SECOND);
	struct record *record = calloc(1, sizeof *record);
	struct trace_record kept = { .trace = *trace };
	char stamp[40], number[16];
	struct tm tm;

	if (record == NULL)
		fatal("out of memory");
	(void)gmtime_r(&when, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)snprintf(number, sizeof number, "%u", origin->number);
	kept.facts[TRACE_ID] = trace->id;
	kept.facts[TRACE_TIME] = stamp;
	kept.facts[TRACE_NUMBER] = number;
	kept.facts[TRACE_CLIENT] = origin->client;
	kept.facts[TRACE_STAGE] = origin->where;
	kept.facts[TRACE_QUEUE_ID] = origin->queue_id;
	kept.facts[TRACE_FROM] = subject->sender;
	kept.facts[TRACE_TO] = subject->recipient;
	kept.facts[TRACE_PROTOCOL] = subject->protocol;
	kept.facts[TRACE_HELO] = subject->helo;
	kept.facts[TRACE_ANSWER] = answer;
	trace_record_write(&kept, &record->text);
	append(keeper, record);
}
