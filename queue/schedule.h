/* schedule.h - what is delivered when: takes stored messages into the active
 * queue, hands their recipients to the delivering roles, has the outcome
 * stored, tries again later, and tells senders what could not be delivered.
 *
 * Belongs to the loop's thread. */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "queue/destination.h"
#include "queue/job.h"

struct arena;
struct buf;
struct conf;
struct envelope;
struct err;
struct group;
struct loop;
struct schedule;
struct store;

/* schedule_new(loop, store, group, conf, err): NULL: a parameter is wrong. */
struct schedule *schedule_new(struct loop *loop, struct store *store,
    struct group *group, struct conf *conf, struct err *err);

/* schedule_free(s): nothing that was added to the group may be unanswered. */
void schedule_free(struct schedule *s);

/* schedule_configure(s, conf, err): take new parameters.  -1: one is wrong,
 * the older ones stay. */
int schedule_configure(struct schedule *s, struct conf *conf, struct err *err);

/* schedule_start(s): begin with what is stored. */
void schedule_start(struct schedule *s);

/* schedule_stop(s): hand out no more. */
void schedule_stop(struct schedule *s);

/* schedule_add(s, key, arena, e): message ${key} was stored just now.  Takes
 * over ${arena}, which has all of ${e} (headers and body are not looked at). */
void schedule_add(struct schedule *s, uint64_t key, struct arena *arena,
    const struct envelope *e);

/* A delivering role; lives in its owner. */
struct schedule_peer {
	TAILQ_ENTRY(schedule_peer) entry;
	size_t room; /* jobs that it can take now */
	struct delivery_list deliveries;
	/* Send ${job}; not called from within schedule_peer_*(). */
	void (*send)(struct schedule_peer *peer, const struct job *job,
	    enum job_frame type);
};

/* schedule_peer_join(s, peer, room), schedule_peer_leave(s, peer): one has
 * come, or gone: then what it had under way is given to the next one. */
void
schedule_peer_join(struct schedule *s, struct schedule_peer *peer, size_t room);
void schedule_peer_leave(struct schedule *s, struct schedule_peer *peer);

/* schedule_result(s, peer, result), schedule_routed(s, peer, routed): what
 * ${peer} answered.  False: to a question that it was not asked; hang up. */
bool schedule_result(struct schedule *s, struct schedule_peer *peer,
    const struct job_result *result);
bool schedule_routed(struct schedule *s, struct schedule_peer *peer,
    const struct job_routed *routed);

/* How intake has found a notice of ours. */
enum schedule_seen {
	SCHEDULE_SEEN_GOOD,    /* it may go, as the record that comes back */
	SCHEDULE_SEEN_NOTHING, /* it is to be discarded */
	SCHEDULE_SEEN_REFUSED, /* with a code and a text: it is undeliverable */
	SCHEDULE_SEEN_LATER,   /* likewise: not now */
};

struct schedule_seen_answer {
	enum schedule_seen seen;
	const char *dsn, *text; /* of REFUSED and LATER */
	const char *record;     /* of GOOD (envelope.h), the body in it */
	size_t nrecord;
};

TAILQ_HEAD(schedule_looks, schedule_look);

/* A proxy that has notices of ours pass intake; lives in its owner. */
struct schedule_looker {
	TAILQ_ENTRY(schedule_looker) entry;
	size_t most, count; /* that it takes at a time; that it has */
	struct schedule_looks looks;
	/* Send message ${key}, whose record is ${record}. */
	void (*send)(struct schedule_looker *looker, uint64_t key,
	    const struct buf *record);
};

/* schedule_look_join(s, looker), schedule_look_leave(s, looker): one has
 * come, or gone: then another gets what it had.  schedule_look_most(s,
 * looker, most): how many it takes from now on; 0: it only ends what it has. */
void schedule_look_join(struct schedule *s, struct schedule_looker *looker);
void schedule_look_leave(struct schedule *s, struct schedule_looker *looker);
void schedule_look_most(
    struct schedule *s, struct schedule_looker *looker, size_t most);

/* schedule_look_answer(s, looker, key, answer): what ${looker} has found.  False: it
 * was not asked; hang up. */
bool schedule_look_answer(struct schedule *s, struct schedule_looker *looker,
    uint64_t key, const struct schedule_seen_answer *answer);

/* schedule_flush(s, site): try now what is deferred: everything, or (site not
 * NULL) what has a recipient in or a next hop ${site}. */
void schedule_flush(struct schedule *s, const char *site);

enum schedule_change {
	SCHEDULE_FLUSH, /* try it now */
	SCHEDULE_DELETE,
	SCHEDULE_HOLD,
	SCHEDULE_RELEASE, /* from hold: all of it, or what of it is */
	SCHEDULE_REQUEUE, /* a new queue id; routed anew */
};

/*
 * schedule_change(s, change, key, qid, done, arg):
 * An administrator's change of message ${key}, which has queue id ${qid}.
 * ${done} is called once, when it is durable: 1 made, 0 does not apply (not
 * there, not on hold ...), -1 failed.  What is being delivered is held or
 * requeued when that has ended (done() is called at once then); after DELETE
 * the outcome does not matter any more.
 */
void
schedule_change(struct schedule *s, enum schedule_change change, uint64_t key,
    const char *qid, void (*done)(void *arg, int outcome), void *arg);

/* schedule_is_idle(s): no delivery is under way. */
bool schedule_is_idle(const struct schedule *s);

/* schedule_is_active(s, key): for the "*" of a listing. */
bool schedule_is_active(const struct schedule *s, uint64_t key);

#endif
