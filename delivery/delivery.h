/* delivery.h - one job on its way: what an agent is given, and where it tells
 * what became of each recipient. */
#ifndef DELIVERY_DELIVERY_H
#define DELIVERY_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/content.h"
#include "delivery/delay.h"
#include "queue/job.h"

struct arena;
struct route;
struct store_reader;
struct transcript_notice;
struct transport;
struct world;

/* What all deliveries of the process share; any thread. */
struct delivery_env {
	struct world *world;
	struct store_reader *store;
	struct route *route;
	const char *local_socket; /* NULL: none */
};

/* A delivery of a message that is not in the queue: somebody waits for what
 * comes of it, and stores it if need be.  So no recipient is given up unless a
 * server has answered so, nothing is logged of those that were not sent to, and
 * where some recipients are refused the others are not sent to either. */
struct delivery_once {
	int64_t until; /* clock_mono(): it ends */
	/* Only find out whether a server would take it: nothing is sent, and
	 * JOB_SENT is what it would have been.  Everything is logged, and given
	 * up as from the queue. */
	bool probe;
	/* What came of it, beside the outcomes. */
	bool stopped;  /* no other server was to be tried */
	bool lost;     /* the last one was too slow, or hung up */
	bool in_doubt; /* ... when it had all, and had not answered yet */
};

struct delivery {
	const struct delivery_env *env;
	struct transport *transport; /* NULL: there is none of that name */
	struct arena *arena;
	const struct job *job;
	unsigned number; /* in the log, in brackets */
	struct delay delay;
	struct content content;     /* open while the agent runs */
	struct delivery_once *once; /* NULL: from the queue */

	/* What has been decided; outcomes[i] belongs to job->rcpts[i]. */
	struct job_result result;
	bool *decided;
	size_t left; /* recipients that are not decided */
	/* What the postmaster is told of the sessions that it took; whoever began
	 * the delivery sends them. */
	struct transcript_notice *notices;
};

/* How it ended for one recipient.  Texts are copied. */
struct delivery_end {
	enum job_status status;
	enum job_report report; /* of JOB_SENT */
	const char *dsn, *text;
	const char *relay;      /* "host[addr]:port", "virtual"; NULL: "none" */
	const char *remote;     /* Remote-MTA; NULL: none */
	const char *diagnostic; /* Diagnostic-Code; NULL: none */
	unsigned number;        /* in the log; 0: the delivery's */
	unsigned uses;          /* of the connection; logged above 1 */
	/* Of the recipient, which has become another one on the way; NULL: as
	 * it is in the job. */
	const char *address;
	const char *transport,
	    *nexthop; /* of JOB_PASSED, which is not logged */
	const struct job_child *children; /* of JOB_REPLACED */
	size_t nchildren;
};

/* delivery_begin(d): prepare the result. */
void delivery_begin(struct delivery *d);

/* delivery_end(d, i, given): recipient ${i} is decided: log it and keep the
 * answer.  The transport's status filter may change it; after that, with
 * soft_bounce, a bounce becomes a deferral.  Only once for each
 * recipient. */
void
delivery_end(struct delivery *d, size_t i, const struct delivery_end *given);

/* delivery_end_all(d, end): decide all that are left. */
void delivery_end_all(struct delivery *d, const struct delivery_end *end);

/* delivery_is_probe(d): see struct delivery_once, and job->verify. */
bool delivery_is_probe(const struct delivery *d);

/* delivery_number(): a new number for the log, unlike those in use. */
unsigned delivery_number(void);

#endif
