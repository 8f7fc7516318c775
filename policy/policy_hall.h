/* policy_hall.h - one loop of the policy role: the connections that it keeps,
 * and what they share. */
#ifndef POLICY_POLICY_HALL_H
#define POLICY_POLICY_HALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct arena;
struct conduct_keeper;
struct loop;
struct policy_caller;
struct policy_desk;
struct policy_door;
struct policy_leftovers;
struct trace_keeper;
struct workers;
struct world;

/* A service in a hall. */
struct policy_place {
	const struct policy_door *door;
	unsigned busy, most_busy; /* callers that have a worker */
	struct policy_caller *first_waiting,
	    *last_waiting; /* for one, by next_waiting */
};

/* What all halls of the role share. */
struct policy_shared {
	struct workers *workers;
	struct world *world;
	struct trace_keeper *traces; /* NULL: nobody wants them */
	struct conduct_keeper *conduct;
	struct policy_leftovers *leftovers;
	size_t most_callers; /* of one hall */
};

struct policy_hall {
	struct loop *loop;
	struct policy_shared *shared;
	struct policy_place *places;
	size_t nplaces;
	struct policy_caller *callers;
	size_t count;
	struct policy_desk *desk; /* for what asks the memory; NULL: that is
				   * far away, and others' */
	struct arena *arena;      /* for what is evaluated on the loop */
	struct buf spare;         /* an input buffer between two uses */
	bool draining; /* no new callers come, and these end after the request
			* that is under way */
	bool cutting;  /* they end as soon as they can */
};

#endif
