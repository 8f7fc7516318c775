/* hall.h - one loop of the proxy role: the sessions that it keeps, and what
 * they share. */
#ifndef PROXY_HALL_H
#define PROXY_HALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "queue/submit.h"
#include "queue/transcript_post.h"

struct client_events;
struct conduct_keeper;
struct cut_ways;
struct session;
struct smtp_service;
struct trace_keeper;
struct workers;
struct world;

/* A service in a hall. */
struct hall_place {
	const struct smtp_service *service;
	unsigned busy, most_busy; /* sessions that have a worker */
	struct session *first_waiting,
	    *last_waiting; /* for one, by next_waiting */
};

/* What all halls of the role share. */
struct hall_shared {
	struct workers *workers;
	struct world *world;
	struct client_events *clients;
	size_t most_sessions;        /* of one hall */
	struct trace_keeper *traces; /* NULL: nobody wants them */
	struct conduct_keeper *conduct;
	const char *admin_socket; /* of the queue role, for ETRN */
	struct cut_ways *cut;     /* NULL: all mail takes the queue */
	unsigned most_cuts;       /* workers for that */
	_Atomic unsigned cuts;    /* ... that have, or will have, work */
	const char *spool; /* directory for what milters must see again */
};

struct hall {
	struct loop *loop;
	struct hall_shared *shared;
	struct submit_way store;
	/* Go on with a session that a worker or another party had: the door to
	 * session_io.h for what lies below it. */
	void (*drive)(struct session *s);
	struct hall_place *places;
	size_t nplaces;
	struct session *sessions;
	size_t count;
	struct transcript_post post; /* notices to the postmaster */
	struct buf spare;            /* an input buffer between two uses */
	struct loop_timer idle;      /* for connections of hall_shared.cut */
	bool retired;                /* no new sessions come */
	bool draining;               /* and those that are here end soon */
	bool cutting;                /* sessions end as soon as they can */
};

#endif
