/* closing.c - see closing.h. */
#include "proxy/closing.h"

#include "base/loop.h"
#include "proxy/hall.h"
#include "proxy/session.h"
#include "proxy/session_io.h"

void
closing_retire(struct hall *hall)
{
	hall->retired = true;
	if (hall->count == 0 && hall->post.waiting == 0)
		loop_stop(hall->loop);
}

void
closing_drain(struct hall *hall)
{
	struct session *s, *next;

	hall->draining = true;
	for (s = hall->sessions; s != NULL; s = next) {
		next = s->next;
		session_io_drain(s);
	}
	closing_retire(hall);
}

void
closing_cut(struct hall *hall)
{
	struct session *s, *next;

	hall->cutting = true;
	for (s = hall->sessions; s != NULL; s = next) {
		next = s->next;
		session_io_cut(s);
	}
}
