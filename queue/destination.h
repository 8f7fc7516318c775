/* destination.h - the places that mail goes to, each with what waits for it
 * and how much of it may go at a time.
 *
 * A destination is a transport and a next hop (a recipient, where a transport
 * takes one recipient at a time).  How much may go at a time follows from how
 * deliveries end (concurrency.h); one that has failed too often is dead: left
 * alone for minimal_backoff_time, or until a delivery that was still under way
 * gets through.  Transports with work take turns; of one, messages go in the
 * order of arrival and of preempt.h, and of a message, destinations take turns.
 * Where main.cf asks for a rate delay, one delivery is under way at
 * a time, and after each the destination, or the whole transport, rests.  No
 * clock and no I/O in here. */
#ifndef QUEUE_DESTINATION_H
#define QUEUE_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/strmap.h"
#include "queue/concurrency.h"
#include "queue/preempt.h"

struct active;
struct destination;

/* What waits of one message for one transport. */
struct destination_job {
	struct preempt_turn turn;         /* the first member */
	LIST_ENTRY(destination_job) mine; /* in its message */
	struct destination_transport *transport;
	TAILQ_HEAD(destination_waiting, delivery) waiting;
	/* Destinations that may send, this message first. */
	TAILQ_HEAD(, destination) ready;
	TAILQ_ENTRY(destination_job) next; /* of those with any of these */
};

/* Of a message, with what waits; begins zero but for ${since}, its time. */
struct destination_jobs {
	LIST_HEAD(, destination_job) list;
	int64_t since;
};

/* Some recipients of one message, for one destination: a job to be. */
struct delivery {
	TAILQ_ENTRY(delivery) entry; /* in its destination, or its peer */
	TAILQ_ENTRY(delivery) mine;  /* in its message */
	struct active *active;
	struct destination_jobs *jobs; /* of its message */
	/* While it waits: */
	struct destination_job *job;
	TAILQ_ENTRY(delivery) waiting; /* in its job */
	struct destination *destination;
	uint64_t id; /* of the job; 0: not under way */
	uint32_t *recipients;
	size_t nrecipients;
	size_t octets; /* about what its job takes */
	bool route;    /* ask where the recipients go, nothing else */
};
TAILQ_HEAD(delivery_list, delivery);

/* What main.cf says about a transport. */
struct destination_limits {
	struct concurrency_limits concurrency;
	unsigned recipients; /* of a delivery; 0: any number */
	bool deferred;       /* in defer_transports */
	/* Between the end of a delivery and the next one to the destination, or
	 * by the transport; 0: none. */
	int64_t rate_delay, transport_rate_delay;
	struct preempt_limits slots;
};

/* After a delivery. */
struct destination_rest {
	TAILQ_ENTRY(destination_rest) entry;
	int64_t until; /* 0: does not rest */
	/* Who does; one of them is NULL. */
	struct destination *destination;
	struct destination_transport *transport;
};

struct destination_transport {
	TAILQ_ENTRY(destination_transport) turn;
	bool in_turn;
	const struct destination_limits *limits;
	struct preempt preempt;
	/* Those with destinations that may send, in order. */
	TAILQ_HEAD(destination_ready, destination_job) ready;
	size_t busy; /* deliveries under way */
	struct destination_rest rest;
};

struct destination {
	struct destination *next; /* in its hash chain */
	TAILQ_ENTRY(destination) turn;
	struct destination_job *job; /* where it stands; NULL: may not send */
	char *key;                   /* transport, NUL, name */
	uint64_t hash;
	const struct destination_limits *limits;
	struct destination_transport *transport;
	struct destination_rest rest;
	struct delivery_list todo; /* in order */
	size_t ntodo, busy;        /* deliveries waiting, under way */
	struct concurrency concurrency;
	int64_t dead_until; /* 0: not dead */
	char *dsn, *reason; /* why it is dead */
	/* For whoever fills deliveries: the one that is open in this turn. */
	struct delivery *open;
	uint64_t open_turn;
};

struct destination_table {
	struct destination **buckets;
	size_t nbuckets, count;
	struct strmap transports; /* -> struct destination_transport */
	TAILQ_HEAD(, destination_transport) turns; /* who may send now */
	TAILQ_HEAD(destination_rests, destination_rest)
	resting; /* the first to end first */
};

void destination_init(struct destination_table *table);

/* destination_free(table): there must be no deliveries any more. */
void destination_free(struct destination_table *table);

/* destination_get(table, transport, name, limits): find it, or make it.  The
 * limits must stay; they may change in place. */
struct destination *
destination_get(struct destination_table *table, const char *transport,
    const char *name, const struct destination_limits *limits);

const char *destination_transport(const struct destination *d);
const char *destination_name(const struct destination *d);

/* destination_add(table, d, delivery, first): let ${delivery} wait, at the
 * end or as the next one. */
void destination_add(struct destination_table *table, struct destination *d,
    struct delivery *delivery, bool first);

/* destination_remove(table, delivery): it does not wait any more. */
void
destination_remove(struct destination_table *table, struct delivery *delivery);

/* destination_take(table, d): the first delivery that waits for ${d}; it does
 * not any more.  NULL: none. */
struct delivery *
destination_take(struct destination_table *table, struct destination *d);

/* destination_next(table, now): the delivery whose turn it is; it counts as under
 * way from now on.  NULL: none may go. */
struct delivery *destination_next(struct destination_table *table, int64_t now);

/* How a delivery went for its destination. */
enum destination_outcome {
	DESTINATION_REACHED,
	DESTINATION_FAILED,
	DESTINATION_UNTRIED, /* says nothing about it */
	DESTINATION_LEFT,    /* nobody has begun it: no delay follows */
};

/* destination_done(table, d, outcome, now): one that was under way has ended.
 * True: the destination is to be left alone, see destination_bury(). */
bool destination_done(struct destination_table *table, struct destination *d,
    enum destination_outcome outcome, int64_t now);

/* destination_wake(table, now): whose rest is over may send.  Returns when that
 * of the next one is; 0: nobody rests. */
int64_t destination_wake(struct destination_table *table, int64_t now);

/* destination_bury(d, until, dsn, reason), destination_dead(d, now): from now
 * on, or still, dead?  The caller removes what waits. */
void destination_bury(
    struct destination *d, int64_t until, const char *dsn, const char *reason);
bool destination_dead(struct destination *d, int64_t now);

/* destination_recover(table, d): ${d} is not dead, whatever was said. */
void
destination_recover(struct destination_table *table, struct destination *d);

/* destination_revive(table): forget that any destination was dead. */
void destination_revive(struct destination_table *table);

/* destination_tidy(table, now): forget destinations that have no work, do not
 * rest and are not dead. */
void destination_tidy(struct destination_table *table, int64_t now);

#endif
