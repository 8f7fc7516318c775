/* active.h - the messages that are being delivered. */
#ifndef QUEUE_ACTIVE_H
#define QUEUE_ACTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "queue/destination.h"
#include "queue/envelope.h"

struct arena;
struct delivery;
struct schedule_child;

/* What happened to a recipient since its message became active. */
enum active_outcome {
	ACTIVE_NOTHING,
	ACTIVE_DEFERRED,
	ACTIVE_BOUNCED,
	ACTIVE_DELIVERED, /* to be reported, as of enum envelope_state */
	ACTIVE_RELAYED,
	ACTIVE_EXPANDED,
	ACTIVE_TOLD, /* bounced, and the change under way tells of it apart */
};

/* What an administrator wants with it once no delivery is under way. */
enum active_wish {
	ACTIVE_NO_WISH,
	ACTIVE_HOLD,
	ACTIVE_REQUEUE,
	ACTIVE_RELEASE, /* its last change was on its way to the disk */
};

struct active {
	struct active *next; /* in its hash chain */
	uint64_t key;
	struct arena *arena; /* has all texts of ${e} */
	struct envelope e;   /* without headers and body */
	int64_t since;       /* wall clock */
	size_t counted;      /* recipients, as the table counts them */
	/* Deliveries waiting or under way, and changes in between. */
	size_t pending;
	TAILQ_HEAD(, delivery) deliveries;
	struct destination_jobs jobs; /* what of it waits, by transport */
	unsigned char *outcomes;      /* enum active_outcome, by recipient */
	enum active_wish wish;
	bool flush;  /* dead destinations and defer_transports do not matter */
	bool ending; /* its last change is on its way to the disk */
	bool over;   /* and will remove it */
	bool gone;   /* deleted */
	struct schedule_child *children; /* to be stored, one after another */
};

struct active_table {
	struct active **buckets;
	size_t nbuckets, count;
	/* Of all of them; of one, ${most} at most count, so that a long list
	 * leaves room for others. */
	size_t recipients, most;
	size_t rescans; /* those that are held for their filter */
};

void active_init(struct active_table *table);
/* active_free(table): and all that is in it. */
void active_free(struct active_table *table);

/* active_add(table, key, arena, e): takes over ${arena}, which has ${e}. */
struct active *active_add(struct active_table *table, uint64_t key,
    struct arena *arena, const struct envelope *e);
struct active *active_find(const struct active_table *table, uint64_t key);
void active_remove(struct active_table *table, struct active *a);

/* active_todo(a): recipients that are not retired, or whose sender is still to
 * be told so. */
size_t active_todo(const struct active *a);

#endif
