/* hall.c - see hall.h. */
#include "proxy/hall.h"

#include "base/fatal.h"
#include "base/loop.h"
#include "base/workers.h"
#include "proxy/session.h"
#include "proxy/session_io.h"

#define SESSION_OF(member, pointer)                                            \
	((struct session *)(void *)((char *)(pointer)-offsetof(                \
	    struct session, member)))

/* In a worker: giving the session back is the last thing it does. */
static void
work(struct work *work)
{
	struct session *s = SESSION_OF(work, work);
	struct loop *loop = s->hall->loop;

	s->job(s);
	loop_post(loop, &s->back);
}

static void
start(struct hall_place *place, struct session *s)
{
	place->busy++;
	s->work.run = work;
	workers_give(s->hall->shared->workers, &s->work);
}

static void
come_back(struct loop_task *task)
{
	struct session *s = SESSION_OF(back, task), *next;
	struct hall_place *place = &s->hall->places[s->place];

	place->busy--;
	next = place->first_waiting;
	if (next != NULL) {
		place->first_waiting = next->next_waiting;
		start(place, next);
	}
	s->away = false;
	session_io_drive(s);
}

void
hall_work(struct session *s)
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
hall_retire(struct hall *hall)
{
	hall->retired = true;
	if (hall->count == 0)
		loop_stop(hall->loop);
}

void
hall_drain(struct hall *hall)
{
	struct session *s, *next;

	hall->draining = true;
	for (s = hall->sessions; s != NULL; s = next) {
		next = s->next;
		session_io_drain(s);
	}
	hall_retire(hall);
}

void
hall_end_all(struct hall *hall)
{
	struct session *s, *next;

	hall->cutting = true;
	for (s = hall->sessions; s != NULL; s = next) {
		next = s->next;
		session_io_cut(s);
	}
}
