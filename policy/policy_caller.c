/* policy_caller.c - see policy_caller.h. */
#include "policy/policy_caller.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/net.h"
#include "base/workers.h"
#include "policy/policy_desk.h"
#include "policy/policy_door.h"
#include "policy/policy_events.h"
#include "policy/policy_hall.h"
#include "policy/policy_judge.h"
#include "policy/policy_request.h"

enum {
	READ = 4096,          /* octets to read at once */
	KEEP_SPARE = 16384,   /* a larger buffer is not kept */
	MOST_OUT = 64 * 1024, /* answers that have not been taken: no further
			       * requests until they are */
	TURN = 64,            /* requests before others are served */
};

struct policy_caller {
	/* The loop's. */
	struct policy_hall *hall;
	struct policy_place *place;
	struct loop_fd watch;
	struct loop_timer timer;
	struct policy_caller *next, *prev;  /* of the hall */
	struct policy_caller *next_waiting; /* for a worker */
	int64_t since;                      /* it has asked nothing */
	int64_t deadline;                   /* of what is waited for */
	int64_t owed; /* since when half a request is there, or an answer is
		       * not taken; 0: neither is */
	bool readable, writable, hung_up;
	bool away;    /* a worker has it, or it waits for one */
	bool paused;  /* the last answer is held back until the deadline */
	bool yielded; /* others first; the timer is set */
	bool over;    /* no further requests */
	size_t out_at;

	/* The owner's. */
	struct work work;
	struct loop_task back;
	struct policy_desk_item item;
	enum wait waits; /* what for; WAIT_NONE: it has its answer */
	struct event_by by;
	struct policy_request request;
	struct buf in; /* received; the request under way begins at in_at */
	size_t in_at, used;
	struct buf out; /* to be sent */
	int64_t pause;  /* before the last answer in it is */
	char name[NET_TEXT];
};

#define CALLER_OF(member, pointer)                                             \
	((struct policy_caller *)(void *)((char *)(pointer)-offsetof(          \
	    struct policy_caller, member)))

/* What is done next with a caller. */
enum step { GO_ON, PARK, GONE };

static const struct policy_params *
params(const struct policy_caller *c)
{
	return &c->place->door->params;
}

static unsigned
next_number(void)
{
	static _Atomic unsigned count;

	return (unsigned)getpid() +
	    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

static enum step
end(struct policy_caller *c)
{
	struct policy_hall *hall = c->hall;

	must(!c->away);
	loop_timer_cancel(hall->loop, &c->timer);
	loop_close(hall->loop, &c->watch);
	buf_free(&c->in);
	buf_free(&c->out);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		hall->callers = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	hall->count--;
	free(c);
	if (hall->draining && hall->count == 0)
		loop_stop(hall->loop);
	return GONE;
}

static bool
in_request(const struct policy_caller *c)
{
	return c->in_at < c->in.len;
}

/* Whoever leaves in the middle of a request, or is too slow, has a fault. */
static enum step
lost(struct policy_caller *c, const char *why)
{
	if (in_request(c))
		event(&policy_events_gone, &c->by, "why", why, "asker", c->name,
		    NULL);
	return end(c);
}

static size_t
unsent(const struct policy_caller *c)
{
	return c->out.len - c->out_at;
}

/* False: it has gone. */
static bool
flush(struct policy_caller *c)
{
	ssize_t n;

	while (unsent(c) > 0 && c->writable) {
		n = send(c->watch.fd, c->out.data + c->out_at, unsent(c),
		    MSG_NOSIGNAL);
		if (n > 0) {
			c->out_at += (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			c->writable = false;
			loop_watch_write(c->hall->loop, &c->watch);
		} else if (n == 0 || errno != EINTR) {
			return false;
		}
	}
	if (unsent(c) == 0) {
		buf_reset(&c->out);
		c->out_at = 0;
	}
	return true;
}

enum got { SOME, NONE, END };

static enum got
receive(struct policy_caller *c)
{
	struct policy_hall *hall = c->hall;
	ssize_t n;

	if (!c->readable)
		return NONE;
	if (c->in.data == NULL) {
		c->in = hall->spare;
		hall->spare = (struct buf){ 0 };
	}
	if (c->in_at > 0) {
		buf_drop(&c->in, c->in_at);
		c->in_at = 0;
	}
	do
		n = recv(
		    c->watch.fd, buf_reserve(&c->in, READ), (size_t)READ, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		c->readable = false;
		return NONE;
	}
	if (n <= 0)
		return END;
	/* A short read has emptied the socket; the next edge is a new one. */
	if (n < READ && !c->hung_up)
		c->readable = false;
	buf_added(&c->in, (size_t)n);
	return SOME;
}

/* Nothing is kept for a caller that asks nothing. */
static void
release(struct policy_caller *c)
{
	struct policy_hall *hall = c->hall;

	if (unsent(c) == 0)
		buf_free(&c->out);
	if (in_request(c) || c->in.data == NULL)
		return;
	c->in_at = 0;
	buf_reset(&c->in);
	if (hall->spare.data == NULL && c->in.size <= KEEP_SPARE)
		hall->spare = c->in;
	else
		buf_free(&c->in);
	c->in = (struct buf){ 0 };
}

static enum wait
judge(struct policy_caller *c, struct arena *arena, enum wait may)
{
	const struct policy_judge j = { .door = c->place->door,
		.shared = c->hall->shared,
		.request = &c->request,
		.data = c->in.data + c->in_at,
		.by = &c->by,
		.asker = c->name,
		.arena = arena };
	static struct counter requests = { .name = "policy: requests" };
	enum wait waits;

	event_speak(&c->by);
	waits = policy_judge(&j, may, &c->out, &c->pause);
	event_speak(NULL);
	if (waits == WAIT_NONE)
		counters_add(&requests);
	return waits;
}

/* In a worker: giving the caller back is the last thing it does. */
static void
work(struct work *given)
{
	struct policy_caller *c = CALLER_OF(work, given);
	struct loop *loop = c->hall->loop;
	struct arena *arena = arena_new();

	(void)judge(c, arena, WAIT_OTHERS);
	arena_free(arena);
	loop_post(loop, &c->back);
}

static void
start(struct policy_caller *c)
{
	c->place->busy++;
	c->work.run = work;
	workers_give(c->hall->shared->workers, &c->work);
}

/* Have a worker answer as soon as the service has a place for one. */
static void
give(struct policy_caller *c)
{
	struct policy_place *place = c->place;

	c->away = true;
	if (place->busy < place->most_busy) {
		start(c);
		return;
	}
	c->next_waiting = NULL;
	if (place->first_waiting == NULL)
		place->first_waiting = c;
	else
		place->last_waiting->next_waiting = c;
	place->last_waiting = c;
}

static void
run_at_desk(struct policy_desk_item *item, struct arena *arena)
{
	struct policy_caller *c = CALLER_OF(item, item);

	c->waits = judge(c, arena, WAIT_MEMORY);
}

/* The request has its answer. */
static void
answered(struct policy_caller *c)
{
	c->in_at += c->used;
	c->request = (struct policy_request){ 0 };
	c->owed = 0;
	c->since = loop_time(c->hall->loop);
	c->paused = c->pause > 0;
	if (c->paused)
		c->deadline = clock_mono() + c->pause;
}

static void
answer(struct policy_caller *c)
{
	struct arena *arena = c->hall->arena;

	c->waits = judge(c, arena, WAIT_NONE);
	arena_reset(arena);
	if (c->waits == WAIT_NONE) {
		answered(c);
		return;
	}
	(void)flush(c);
	if (c->waits == WAIT_MEMORY && c->hall->desk != NULL) {
		c->away = true;
		policy_desk_give(c->hall->desk, &c->item);
	} else {
		give(c);
	}
}

/* Go on with what has come in. */
static enum step
take(struct policy_caller *c, unsigned *turn)
{
	struct err err = { .text = "" };

	switch (policy_request_read(&c->request, c->in.data + c->in_at,
	    c->in.len - c->in_at, &c->used, &err)) {
	case POLICY_REQUEST_MORE:
		break;
	case POLICY_REQUEST_WHOLE:
		c->yielded = ++*turn > TURN;
		if (!c->yielded)
			answer(c);
		return GO_ON;
	case POLICY_REQUEST_BAD:
		/* SMTPD_POLICY_README: in case of trouble the server must not
		 * answer, but log a warning and disconnect. */
		event(&policy_events_malformed, &c->by, "asker", c->name,
		    "text", err.text, NULL);
		(void)flush(c);
		return end(c);
	}
	return PARK;
}

static enum step
one_step(struct policy_caller *c, unsigned *turn)
{
	enum step next = PARK;

	if (c->over)
		return unsent(c) > 0 ? PARK : end(c);
	if (unsent(c) > MOST_OUT && (!flush(c) || unsent(c) > MOST_OUT))
		return PARK;
	if (in_request(c))
		next = take(c, turn);
	if (next != PARK)
		return next;
	switch (receive(c)) {
	case SOME:
		return GO_ON;
	case END:
		return lost(c, "lost connection");
	case NONE:
		break;
	}
	c->over = c->hall->draining && !in_request(c);
	return c->over ? GO_ON : PARK;
}

/* Wait for the asker, or for time to pass. */
static void
park(struct policy_caller *c)
{
	struct loop *loop = c->hall->loop;
	int64_t now = loop_time(loop);

	if (c->yielded) {
		loop_timer_set(loop, &c->timer, now);
		return;
	}
	release(c);
	if (c->paused) {
		loop_timer_set(loop, &c->timer, c->deadline);
		return;
	}
	if (!in_request(c) && unsent(c) == 0)
		c->owed = 0;
	else if (c->owed == 0)
		c->owed = now;
	c->deadline = c->owed != 0
	    ? c->owed + params(c)->weir_policy_request_limit
	    : c->since + params(c)->weir_policy_idle_limit;
	/* One that is set too early looks again when it fires. */
	if (c->timer.place == 0 || c->timer.when > c->deadline)
		loop_timer_set(loop, &c->timer, c->deadline);
}

static void
drive(struct policy_caller *c)
{
	enum step next = GO_ON;
	unsigned turn = 0;

	c->yielded = false;
	if (c->hall->cutting)
		next = end(c);
	while (next == GO_ON && !c->away && !c->paused && !c->yielded)
		next = one_step(c, &turn);
	if (next == GONE || c->away)
		return;
	if ((!c->paused && !flush(c)) || (c->over && unsent(c) == 0))
		(void)end(c);
	else
		park(c);
}

/* A place of the service is free. */
static void
come_back(struct loop_task *task)
{
	struct policy_caller *c = CALLER_OF(back, task), *next;
	struct policy_place *place = c->place;

	place->busy--;
	next = place->first_waiting;
	if (next != NULL) {
		place->first_waiting = next->next_waiting;
		start(next);
	}
	c->away = false;
	answered(c);
	drive(c);
}

static void
come_from_desk(struct policy_desk_item *item)
{
	struct policy_caller *c = CALLER_OF(item, item);

	if (c->waits != WAIT_NONE) {
		give(c);
		return;
	}
	c->away = false;
	answered(c);
	drive(c);
}

static void
fire(struct loop_timer *timer)
{
	struct policy_caller *c = CALLER_OF(timer, timer);

	if (c->away)
		return;
	if (c->yielded || clock_mono() < c->deadline) {
		drive(c);
	} else if (c->paused) {
		c->paused = false;
		drive(c);
	} else {
		(void)lost(c, "timeout");
	}
}

static void
ready(struct loop_fd *watch, unsigned what)
{
	struct policy_caller *c = CALLER_OF(watch, watch);

	if (what & (LOOP_READ | LOOP_HUP))
		c->readable = true;
	if (what & (LOOP_WRITE | LOOP_HUP))
		c->writable = true;
	if (what & LOOP_HUP)
		c->hung_up = true;
	if (!c->away && !c->paused)
		drive(c);
}

void
policy_caller_new(struct policy_hall *hall, unsigned place, int fd,
    const struct net_addr *addr)
{
	struct policy_caller *c = calloc(1, sizeof *c);

	if (c == NULL)
		fatal("out of memory");
	c->hall = hall;
	c->place = &hall->places[place];
	c->watch = (struct loop_fd){ .fd = fd, .ready = ready };
	c->timer.fire = fire;
	c->back.run = come_back;
	c->item = (struct policy_desk_item){ .run = run_at_desk,
		.back = come_from_desk };
	c->readable = c->writable = true;
	c->since = loop_time(hall->loop);
	c->by = (struct event_by){ .program = "policy",
		.number = next_number(),
		.name = c->place->door->syslog_name };
	(void)net_print(addr, c->name);
	c->next = hall->callers;
	if (c->next != NULL)
		c->next->prev = c;
	hall->callers = c;
	hall->count++;
	loop_watch(hall->loop, &c->watch);
	drive(c);
}

static void
drive_all(struct policy_hall *hall)
{
	struct policy_caller *c = hall->callers, *next;

	for (; c != NULL; c = next) {
		next = c->next;
		/* What has just come is still answered. */
		c->readable = true;
		if (!c->away && (!c->paused || hall->cutting))
			drive(c);
	}
	if (hall->count == 0)
		loop_stop(hall->loop);
}

void
policy_caller_drain(struct policy_hall *hall)
{
	hall->draining = true;
	drive_all(hall);
}

void
policy_caller_cut(struct policy_hall *hall)
{
	hall->draining = hall->cutting = true;
	drive_all(hall);
}
