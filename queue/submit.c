/* submit.c - see submit.h. */
#include "queue/submit.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "base/loop.h"
#include "queue/envelope.h"
#include "queue/queue_wire.h"
#include "queue/schedule.h"
#include "queue/store.h"
#include "queue/submit_frame.h"

/* How long a message waits for a queue that is away. */
#define PATIENCE    (20 * CLOCK_SECOND)
#define RETRY_FIRST (50 * CLOCK_MS)
#define RETRY_LAST  (1000 * CLOCK_MS)

enum stage {
	STAGE_BODY, /* its body comes */
	STAGE_WAIT, /* whole, but the queue is away */
	STAGE_SENT, /* its commit was sent */
};

TAILQ_HEAD(submissions, submission);

struct submission {
	TAILQ_ENTRY(submission) entry; /* in ${all}, or in ${settled} */
	struct submit *submit;
	uint64_t id;
	enum stage stage;
	struct buf body;   /* what was not sent in chunks */
	uint64_t nchunks;  /* sent */
	uint64_t era;      /* the connection that has them */
	struct buf record; /* STAGE_WAIT: the frames to send */
	char qid[ENVELOPE_QID];
	bool stopped; /* submit_body() said so */
	int64_t deadline;
	enum submit_result result;
	const char *why;
	void (*done)(void *arg, enum submit_result result, const char *why);
	void (*drained)(void *arg);
	void *arg;
};

struct submit {
	struct loop *loop;
	struct queue_wire wire;
	struct sockaddr_un path;
	uint64_t next_id;
	uint64_t era;     /* counts connections */
	size_t under_way; /* octets of chunks not yet taken */
	unsigned long long room;
	struct submissions all;     /* oldest first */
	struct submissions settled; /* done() is to be called */
	struct loop_task settle;
	struct loop_timer timer; /* to connect again, to lose patience */
	int64_t pause;
	size_t looks; /* that are taken at a time */
	void (*look)(void *arg, const struct submit_look *look);
	void *look_arg;
};

static void
release(struct submission *s)
{
	buf_free(&s->body);
	buf_free(&s->record);
	free(s);
}

/* Have done() called at the end of this turn. */
static void
settle(struct submission *s, enum submit_result result, const char *why)
{
	struct submit *submit = s->submit;

	s->result = result;
	s->why = why;
	TAILQ_REMOVE(&submit->all, s, entry);
	TAILQ_INSERT_TAIL(&submit->settled, s, entry);
	loop_defer(submit->loop, &submit->settle);
}

static void
run_settle(struct loop_task *task)
{
	struct submit *submit =
	    (struct submit *)((char *)task - offsetof(struct submit, settle));
	struct submission *s;

	while ((s = TAILQ_FIRST(&submit->settled)) != NULL) {
		TAILQ_REMOVE(&submit->settled, s, entry);
		s->done(s->arg, s->result, s->why);
		release(s);
	}
}

/* The chunks of ${s} went down with the connection that took them. */
static bool
is_lost(const struct submission *s)
{
	return s->nchunks > 0 && s->era != s->submit->era;
}

static void
send_chunk(struct submission *s, size_t n)
{
	struct submit *submit = s->submit;

	frame_put(
	    &submit->wire.out, SUBMIT_FRAME_CHUNK, s->id, s->body.data, n);
	buf_drop(&s->body, n);
	s->nchunks++;
	s->era = submit->era;
	submit->under_way += n;
	queue_wire_send(&submit->wire);
}

/* Send what the window allows.  False: there is more than we like to keep. */
static bool
push(struct submission *s)
{
	struct submit *submit = s->submit;

	if (is_lost(s)) {
		buf_free(&s->body);
		return true;
	}
	while (s->body.len > SUBMIT_FRAME_INLINE && submit->wire.open &&
	    submit->under_way < SUBMIT_FRAME_WINDOW)
		send_chunk(s, SUBMIT_FRAME_CHUNK_SIZE);
	return s->body.len <= SUBMIT_FRAME_INLINE;
}

static void
push_all(struct submit *submit)
{
	struct submission *s, *next;

	for (s = TAILQ_FIRST(&submit->all); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if (s->stage != STAGE_BODY || !s->stopped || !push(s))
			continue;
		s->stopped = false;
		s->drained(s->arg);
	}
}

static void
take_answer(struct submission *s, uint64_t answer)
{
	if (answer == STORE_OK)
		settle(s, SUBMIT_STORED, "");
	else if (answer == STORE_FULL)
		settle(s, SUBMIT_FULL, "the queue is full");
	else if (answer == STORE_ABSENT)
		settle(s, SUBMIT_FAILED, "the queue was restarted");
	else
		settle(s, SUBMIT_FAILED, "the queue cannot store it");
}

static void
frame_came(struct queue_wire *wire, const struct frame *frame)
{
	struct submit *submit =
	    (struct submit *)((char *)wire - offsetof(struct submit, wire));
	struct frame_reader r = { .p = frame->body,
		.end = frame->body + frame->len };
	uint64_t number;
	struct submission *s;

	if (frame->type == SUBMIT_FRAME_LOOK && submit->look != NULL) {
		submit->look(submit->look_arg,
		    &(struct submit_look){ .key = frame->id,
			.era = submit->era,
			.record = frame->body,
			.nrecord = frame->len });
		return;
	}
	number = frame_num(&r);
	if (r.bad) {
		queue_wire_hang_up(wire);
		return;
	}
	switch (frame->type) {
	case SUBMIT_FRAME_ANSWER:
		s = TAILQ_FIRST(&submit->all);
		while (s != NULL && s->id != frame->id)
			s = TAILQ_NEXT(s, entry);
		if (s != NULL && s->stage == STAGE_SENT)
			take_answer(s, number);
		return;
	case SUBMIT_FRAME_TAKEN:
		submit->under_way -=
		    number < submit->under_way ? number : submit->under_way;
		push_all(submit);
		return;
	case SUBMIT_FRAME_ROOM:
		submit->room = number;
		return;
	default:
		queue_wire_hang_up(wire);
	}
}

static void
retry_later(struct submit *submit)
{
	loop_timer_set(
	    submit->loop, &submit->timer, clock_mono() + submit->pause);
	submit->pause *= 2;
	if (submit->pause > RETRY_LAST)
		submit->pause = RETRY_LAST;
}

static void
wire_closed(struct queue_wire *wire)
{
	struct submit *submit =
	    (struct submit *)((char *)wire - offsetof(struct submit, wire));
	int64_t deadline = clock_mono() + PATIENCE;
	struct submission *s;

	submit->under_way = 0;
	submit->era++;
	TAILQ_FOREACH (s, &submit->all, entry)
		if (s->stage == STAGE_SENT)
			s->deadline = deadline;
	submit->pause = RETRY_FIRST;
	retry_later(submit);
	push_all(submit);
}

static void
send_looks(struct submit *submit)
{
	struct buf *out = &submit->wire.out;
	size_t start = frame_begin(out, SUBMIT_FRAME_LOOKS, 0);

	frame_put_num(out, submit->looks);
	frame_end(out, start);
	queue_wire_send(&submit->wire);
}

/* The queue is there (again): send what waited, ask for what it may have. */
static void
connected(struct submit *submit)
{
	struct buf *out = &submit->wire.out;
	struct submission *s;
	size_t start;

	frame_put(out, SUBMIT_FRAME_HELLO, 0, NULL, 0);
	if (submit->looks > 0)
		send_looks(submit);
	TAILQ_FOREACH (s, &submit->all, entry) {
		if (s->stage == STAGE_WAIT) {
			buf_put(out, s->record.data, s->record.len);
			buf_free(&s->record);
			s->stage = STAGE_SENT;
		} else if (s->stage == STAGE_SENT) {
			start = frame_begin(out, SUBMIT_FRAME_ASK, s->id);
			frame_put_str(out, s->qid);
			frame_end(out, start);
		}
	}
	queue_wire_send(&submit->wire);
	push_all(submit);
}

static void
connect_queue(struct submit *submit)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&submit->path,
		sizeof submit->path) != 0) {
		if (fd >= 0)
			(void)close(fd);
		retry_later(submit);
		return;
	}
	submit->pause = RETRY_FIRST;
	queue_wire_open(&submit->wire, submit->loop, fd);
	connected(submit);
}

static void
fire(struct loop_timer *timer)
{
	struct submit *submit =
	    (struct submit *)((char *)timer - offsetof(struct submit, timer));
	struct submission *s, *next;
	int64_t now = clock_mono();

	if (!submit->wire.open)
		connect_queue(submit);
	if (submit->wire.open)
		return;
	for (s = TAILQ_FIRST(&submit->all); s != NULL; s = next) {
		next = TAILQ_NEXT(s, entry);
		if ((s->stage == STAGE_WAIT || s->stage == STAGE_SENT) &&
		    s->deadline < now)
			settle(s, SUBMIT_FAILED, "the queue is away");
	}
}

struct submit *
submit_open(struct loop *loop, const char *path)
{
	struct submit *submit = calloc(1, sizeof *submit);

	if (submit == NULL)
		fatal("out of memory");
	must(strlen(path) < sizeof submit->path.sun_path);
	submit->loop = loop;
	submit->path.sun_family = AF_UNIX;
	(void)snprintf(
	    submit->path.sun_path, sizeof submit->path.sun_path, "%s", path);
	submit->room = UINT64_MAX;
	TAILQ_INIT(&submit->all);
	TAILQ_INIT(&submit->settled);
	submit->settle.run = run_settle;
	submit->timer.fire = fire;
	submit->pause = RETRY_FIRST;
	submit->wire.frame = frame_came;
	submit->wire.closed = wire_closed;
	connect_queue(submit);
	return submit;
}

void
submit_close(struct submit *submit)
{
	struct submission *s;

	if (submit == NULL)
		return;
	queue_wire_flush(&submit->wire);
	queue_wire_close(&submit->wire);
	loop_timer_cancel(submit->loop, &submit->timer);
	loop_undefer(submit->loop, &submit->settle);
	TAILQ_CONCAT(&submit->all, &submit->settled, entry);
	while ((s = TAILQ_FIRST(&submit->all)) != NULL) {
		TAILQ_REMOVE(&submit->all, s, entry);
		release(s);
	}
	free(submit);
}

struct submission *
submit_begin(struct submit *submit,
    void (*done)(void *arg, enum submit_result result, const char *why),
    void (*drained)(void *arg), void *arg)
{
	struct submission *s = calloc(1, sizeof *s);

	if (s == NULL)
		fatal("out of memory");
	s->submit = submit;
	s->id = ++submit->next_id;
	s->done = done;
	s->drained = drained;
	s->arg = arg;
	TAILQ_INSERT_TAIL(&submit->all, s, entry);
	return s;
}

bool
submit_body(struct submission *s, const char *data, size_t n)
{
	if (is_lost(s))
		return true;
	buf_put(&s->body, data, n);
	s->stopped = !push(s);
	return !s->stopped;
}

/* Append the frames of the record: pieces, if it is long. */
static void
put_record(struct submission *s, struct buf *record, struct buf *out)
{
	size_t at = 0;

	for (; record->len - at > SUBMIT_FRAME_PART_SIZE;
	     at += SUBMIT_FRAME_PART_SIZE)
		frame_put(out, SUBMIT_FRAME_PART, s->id, record->data + at,
		    SUBMIT_FRAME_PART_SIZE);
	frame_put(out, SUBMIT_FRAME_COMMIT, s->id, record->data + at,
	    record->len - at);
}

void
submit_commit(struct submission *s, const struct envelope *envelope)
{
	struct submit *submit = s->submit;
	struct envelope e = *envelope;
	struct buf record = { 0 };

	must(s->stage == STAGE_BODY && envelope_qid_valid(e.qid));
	memcpy(s->qid, e.qid, sizeof s->qid);
	s->stopped = false;
	s->deadline = clock_mono() + PATIENCE;
	if (is_lost(s) ||
	    (!submit->wire.open && s->body.len > SUBMIT_FRAME_INLINE)) {
		settle(s, SUBMIT_FAILED, "the queue is away");
		return;
	}
	while (s->body.len > SUBMIT_FRAME_INLINE)
		send_chunk(s, SUBMIT_FRAME_CHUNK_SIZE);
	if (s->nchunks > 0 && s->body.len > 0)
		send_chunk(s, s->body.len);
	e.nchunks = s->nchunks;
	e.body = s->body.data;
	e.nbody = s->body.len;
	envelope_print(&e, &record);
	buf_free(&s->body);
	if (record.len > SUBMIT_FRAME_RECORD) {
		buf_free(&record);
		settle(s, SUBMIT_FAILED, "its envelope is too large");
		return;
	}
	if (submit->wire.open) {
		put_record(s, &record, &submit->wire.out);
		queue_wire_send(&submit->wire);
		s->stage = STAGE_SENT;
	} else {
		put_record(s, &record, &s->record);
		s->stage = STAGE_WAIT;
	}
	buf_free(&record);
}

void
submit_cancel(struct submission *s)
{
	struct submit *submit = s->submit;

	must(s->stage == STAGE_BODY);
	if (s->nchunks > 0 && submit->wire.open && !is_lost(s)) {
		frame_put(
		    &submit->wire.out, SUBMIT_FRAME_CANCEL, s->id, NULL, 0);
		queue_wire_send(&submit->wire);
	}
	TAILQ_REMOVE(&submit->all, s, entry);
	release(s);
}

void
submit_take_looks(struct submit *submit, size_t most,
    void (*came)(void *arg, const struct submit_look *look), void *arg)
{
	submit->looks = most;
	submit->look = came;
	submit->look_arg = arg;
	if (submit->wire.open)
		send_looks(submit);
}

void
submit_looked(struct submit *submit, const struct submit_look *look,
    const struct schedule_seen_answer *answer)
{
	struct buf *out = &submit->wire.out;
	size_t start;

	if (!submit->wire.open || look->era != submit->era)
		return;
	start = frame_begin(out, SUBMIT_FRAME_LOOKED, look->key);
	frame_put_num(out, answer->seen);
	frame_put_str(out, answer->dsn);
	frame_put_str(out, answer->text);
	frame_put_data(out, answer->record, answer->nrecord);
	frame_end(out, start);
	queue_wire_send(&submit->wire);
}

bool
submit_room(const struct submit *submit, unsigned long long size)
{
	return submit->room > 0 && size <= submit->room;
}

struct submit_way
submit_way(struct submit *queue)
{
	return (struct submit_way){
		.queue = queue,
		.begin = submit_begin,
		.body = submit_body,
		.commit = submit_commit,
		.cancel = submit_cancel,
		.room = submit_room,
	};
}
