/* rehearsal_inner.h - what rehearsal.c and rehearsal_given.c share, and nobody
 * else. */
#ifndef WEIR_REHEARSAL_INNER_H
#define WEIR_REHEARSAL_INNER_H

#include "base/event.h"
#include "checks/subject.h"
#include "classes/stage.h"
#include "weir/rehearsal.h"
#include "weir/trial_rules.h"

struct rehearsal {
	struct rehearsal_settings settings;
	struct conf *view; /* with what "set" has changed */
	struct trial_rules rules;
	struct world *told;  /* by "world" lines; NULL: there are none */
	struct arena *arena; /* of the session */
	struct stage_state state;
	struct event_by by;
	struct subject subject;
	struct subject request;          /* what a policy server knows of it */
	struct session_message *message; /* of the transaction */
	struct session_milter *milter;   /* NULL: another door */
	unsigned line;
	const char *asked; /* the line at hand */

	/* The latest command that was judged. */
	char *command, *reply;  /* reply NULL: it passed */
	struct verdict verdict; /* trace NULL: none since "client" */
};

/* A line of a script, behind its command. */
struct call {
	struct rehearsal *r;
	const char *argument;
	struct err *err;
};

#endif
