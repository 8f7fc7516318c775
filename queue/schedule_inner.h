/* schedule_inner.h - what the parts of the scheduler share.  For schedule*.c
 * only. */
#ifndef QUEUE_SCHEDULE_INNER_H
#define QUEUE_SCHEDULE_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/strmap.h"
#include "queue/active.h"
#include "queue/bounce_template.h"
#include "queue/destination.h"
#include "queue/queue_params.h"
#include "queue/schedule.h"
#include "queue/store.h"

struct arena;
struct conf;
struct ending;

/* Whose mail is to be tried now. */
struct schedule_sites {
	bool any;            /* somebody's */
	bool all;            /* everybody's */
	struct strmap names; /* or these; what is bound does not matter */
};

/* A look through the stored messages, a few at a time. */
struct schedule_scan {
	bool running;
	struct store_place at;
	int64_t limit; /* of deferred: times up to this */
	bool flush;
	int64_t begun;
	struct schedule_sites sites; /* of a flush */
	struct schedule_sites later; /* asked for since it began */
};

enum { SCHEDULE_STEPS = 32 };

/* The wall clock was set.  Keys below ${first} are of messages that came
 * before; those from ${first} to before ${end} may be. */
struct schedule_step {
	int64_t by;
	uint64_t first, end;
};

struct schedule_clock {
	bool running;
	int64_t base;  /* the schedule's time at 0 of the monotonic clock */
	int64_t skew;  /* of the wall clock, as far as it is known */
	uint64_t next; /* key when it was looked at last */
	struct schedule_step steps[SCHEDULE_STEPS];
	size_t nsteps;
};

struct schedule {
	struct loop *loop;
	struct store *store;
	struct store_reader *reader;
	struct group *group;

	struct arena *conf_arena; /* has the texts of ${params} */
	struct conf *conf;
	struct queue_params params;
	const char *myhostname, *myorigin, *mail_name;
	struct bounce_template words[BOUNCE_TEMPLATE_KINDS]; /* of notices */
	bool long_qids;
	bool detects_utf8;        /* in notices: smtputf8_autodetect_classes */
	struct strmap transports; /* -> struct destination_limits */
	struct destination_limits routing;

	struct active_table active;
	struct destination_table destinations;
	TAILQ_HEAD(, schedule_peer) peers;     /* the newest first */
	TAILQ_HEAD(, schedule_looker) lookers; /* the newest first */
	struct schedule_looks looks;           /* that no looker has yet */
	TAILQ_HEAD(, ending) endings; /* changes on their way to the disk */
	LIST_HEAD(, change) changes;  /* the same of administrators */
	uint64_t next_job, placing;
	bool stopped, freed;

	/* The turn of ${a} ends: nothing of it waits or is under way.  What
	 * follows may add messages, so it stands above schedule_active.c, which
	 * calls it. */
	void (*end)(struct schedule *s, struct active *a);
	/* A notice is to pass intake, or to be routed; likewise above. */
	void (*look)(struct schedule *s, struct active *a);

	struct loop_task dispatch; /* hand out deliveries */
	struct loop_task scan;     /* look for more messages */
	struct loop_timer run;     /* the next queue run */
	struct loop_timer rested;  /* the next destination that has rested */
	struct schedule_scan incoming, deferred, held;
	struct strmap passing; /* filters that took the last message */

	struct schedule_clock clock;
};

/* Of a message that is returned whole in a notice that passes intake: it must
 * fit into a frame. */
enum { SCHEDULE_LOOK_MOST = 8 * 1024 * 1024 };

/* How long to wait when the store has no room even for a mark. */
#define SCHEDULE_PATIENCE (5 * CLOCK_SECOND)

/* schedule_clock.c: the schedule's time: the wall clock, but without its
 * jumps. */
int64_t schedule_clock_now(struct schedule *s);
/* How old message ${key} is, whose ${arrival} was told by the wall clock. */
int64_t schedule_clock_age(struct schedule *s, uint64_t key, int64_t arrival);
/* How long to wait before the next attempt: as long as the message is old,
 * within bounds. */
int64_t schedule_clock_backoff(int64_t age, int64_t least, int64_t most);

/* schedule_active.c: as schedule_add(). */
void schedule_active_add(struct schedule *s, uint64_t key, struct arena *arena,
    const struct envelope *e);
/* A stored message becomes active; takes over ${arena}. */
void schedule_active_begin(struct schedule *s, uint64_t key,
    struct arena *arena, const struct envelope *e, bool flush);
/* Is there room for one more? */
bool schedule_active_has_room(const struct schedule *s);
/* One thing less that ${a} waits for; the last one ends its turn. */
void schedule_active_release(struct schedule *s, struct active *a);
/* ${delivery}, which neither waits nor is under way, is over: free it, and
 * release its message. */
void schedule_active_over(struct schedule *s, struct delivery *delivery);
/* Take back what waits of ${a}, but not what is under way; if nothing is, its
 * turn ends. */
void schedule_active_withdraw(struct schedule *s, struct active *a);
/* Hand out deliveries at the end of this turn. */
void schedule_active_kick(struct schedule *s);

/* schedule_route.c: what main.cf says about a transport. */
const struct destination_limits *
schedule_route_limits(struct schedule *s, const char *transport);
void schedule_route_reload(struct schedule *s);
/* Let the recipients of ${a} that are to be delivered wait for their
 * destinations (for a route, where it is not known). */
void schedule_route_all(struct schedule *s, struct active *a);
/* Let some of them, at ${a}'s places ${recipients}. */
void schedule_route_some(struct schedule *s, struct active *a,
    const uint32_t *recipients, size_t n, bool first);

/* schedule_scan.c: look for messages that may become active. */
void schedule_scan_init(struct schedule *s);
/* All that is incoming, from the first one on. */
void schedule_scan_incoming(struct schedule *s);
void schedule_scan_start(struct schedule *s);
void schedule_scan_flush(struct schedule *s, const char *site);
void schedule_scan_more(struct schedule *s);
void schedule_scan_end(struct schedule *s);

/* Take up message ${key} now, if it may be. */
void schedule_scan_load(struct schedule *s, uint64_t key, bool flush);

/* Try now what is on hold for ${filter}. */
void schedule_scan_held(struct schedule *s, const char *filter);

/* schedule_rescan.c: what becomes of a recipient, of whom ${a} has the outcome,
 * of a message that was held for its filter.  ${reached}: it was the filter that
 * decided.  True: that is to be stored now. */
bool schedule_rescan_outcome(
    struct schedule *s, struct active *a, size_t recipient, bool reached);
/* How the filter itself was.  If it is back, all that is held for it goes. */
void schedule_rescan_seen(struct schedule *s, const struct active *a,
    enum destination_outcome outcome);

/* schedule_look.c: what schedule->look is. */
void schedule_look(struct schedule *s, struct active *a);
/* Notices about mail pass intake. */
bool schedule_look_wanted(const struct schedule *s);
/* There are new parameters.  Forget what waits. */
void schedule_look_reload(struct schedule *s);
void schedule_look_free(struct schedule *s);

/* schedule_end.c: what schedule->end is: say what becomes of ${a}. */
void schedule_end(struct schedule *s, struct active *a);
/* What an administrator wished while message ${key}, which is not active any
 * more, was on its way to the disk at ${place}. */
void schedule_end_fulfil(struct schedule *s, uint64_t key,
    const struct store_place *place, enum active_wish wish);

/* Forget the changes that the store had no room for. */
void schedule_end_free(struct schedule *s);

/* schedule_store.c: store what has become of ${a} so far. */
void schedule_store_mark(struct schedule *s, struct active *a);
/* A message that cannot be read: set it aside. */
void schedule_store_aside(struct schedule *s, uint64_t key, const char *why);

/* schedule_child.c: instead of a recipient, the messages that ${outcome} has
 * are stored; it is then in ${state}. */
void schedule_child_add(struct schedule *s, struct active *a,
    const struct job_outcome *outcome, enum envelope_state state);

/* schedule_change.c: give a message a new queue id and route it anew.  ${done}
 * as of schedule_change(). */
void schedule_change_requeue(struct schedule *s, uint64_t key,
    void (*done)(void *arg, int outcome), void *arg);
/* The same: nothing of a stored message that is not active is on hold; or all
 * of it. */
void schedule_change_release(struct schedule *s, uint64_t key,
    void (*done)(void *arg, int outcome), void *arg);
void schedule_change_hold(struct schedule *s, uint64_t key,
    void (*done)(void *arg, int outcome), void *arg);
/* A change of message ${key} is on its way to the disk: what the store has of
 * it will not be true. */
bool schedule_change_under_way(const struct schedule *s, uint64_t key);

/* schedule_log.c: the log lines of the queue manager. */
void schedule_log_active(const struct active *a);
void
schedule_log_deferred(const struct active *a, size_t recipient, int64_t now);
void schedule_log_expired(const struct active *a);

#endif
