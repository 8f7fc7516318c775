/* session_work.c - see session_work.h. */
#include "proxy/session_work.h"

#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/workers.h"
#include "proxy/hall.h"
#include "proxy/session.h"
#include "proxy/session_wire.h"

#define SESSION_OF(member, pointer)                                            \
	((struct session *)(void *)((char *)(pointer)-offsetof(                \
	    struct session, member)))

/* In a worker: giving the session back is the last thing it does. */
static void
work(struct work *work)
{
	struct session *s = SESSION_OF(work, work);
	struct loop *loop = s->hall->loop;

	event_speak(&s->by_itself);
	s->job(s);
	event_speak(NULL);
	loop_post(loop, &s->back);
}

static void
start(struct hall_place *place, struct session *s)
{
	place->busy++;
	s->work.run = work;
	workers_give(s->hall->shared->workers, &s->work);
}

/* A place of the service is free. */
static void
start_next(struct hall_place *place)
{
	struct session *next = place->first_waiting;

	place->busy--;
	if (next == NULL)
		return;
	place->first_waiting = next->next_waiting;
	start(place, next);
}

static void
come_back(struct loop_task *task)
{
	struct session *s = SESSION_OF(back, task);

	if (!s->apart)
		start_next(&s->hall->places[s->place]);
	s->apart = false;
	s->away = false;
	s->hall->drive(s);
}

/* Have a worker run s->job as soon as the service has a place for one. */
static void
give(struct session *s)
{
	struct hall_place *place = &s->hall->places[s->place];

	must(!s->away);
	s->away = true;
	s->back.run = come_back;
	if (place->busy < place->most_busy) {
		start(place, s);
		return;
	}
	s->next_waiting = NULL;
	if (place->first_waiting == NULL)
		place->first_waiting = s;
	else
		place->last_waiting->next_waiting = s;
	place->last_waiting = s;
}

void
session_work_run(struct session *s, bool blocks, void (*job)(struct session *s))
{
	if (!blocks) {
		event_speak(&s->by_itself);
		job(s);
		event_speak(NULL);
		return;
	}
	/* If the client has gone, the next read says so. */
	(void)session_wire_flush(s);
	s->job = job;
	give(s);
}

void
session_work_apart(struct session *s, void (*job)(struct session *s))
{
	must(!s->away);
	(void)session_wire_flush(s);
	s->job = job;
	s->away = s->apart = true;
	s->back.run = come_back;
	s->work.run = work;
	workers_give(s->hall->shared->workers, &s->work);
}
