/* conduct_keeper.c - see conduct_keeper.h. */
#include "checks/conduct_keeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/strmap.h"
#include "base/workers.h"
#include "checks/reputation.h"
#include "checks/reputation_rule.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/match.h"
#include "rules/world.h"

/* Beyond MOST_WAITING different deeds that are not written yet, new ones are
 * lost: a flood must not fill the memory. */
enum { MOST_WAITING = 4096, GATHER_MS = 10 };

/* The same deed, so many times. */
struct entry {
	struct conduct_deed deed;
	unsigned times;
};

/* What has been done since the last writing; texts and entries are in its
 * arena. */
struct batch {
	struct arena *arena; /* NULL: nothing */
	struct strmap entries;
	size_t lost;
};

struct conduct_keeper {
	struct world *world;
	struct workers *workers;
	pthread_mutex_t lock;
	struct work work;
	struct batch batch;
	bool writing; /* a worker is, or will */
};

/* What a network and a domain have earned together. */
struct earned {
	const struct site *site;
	const char *network, *domain; /* names of counters; no domain: NULL */
	int64_t good, bad;
	unsigned goods, bads; /* how many deeds that was */
};

static struct counter good_ones = { .name = "reputation: good outcomes" },
		      bad_ones = { .name = "reputation: bad outcomes" },
		      lost_ones = { .name = "reputation: lost outcomes" };

/* One step for both counters. */
static bool
count(struct conduct_keeper *keeper, struct arena *arena,
    const struct earned *e, const char **why)
{
	const struct checks_params *p = &e->site->params;
	const char *other = e->domain != NULL ? e->domain : "@";
	struct memory_question q = {
		.rule = &reputation_rule_count,
		.keys = { e->network, e->network, other, other },
		.args = { [REPUTATION_HALF_LIFE] =
			      p->weir_reputation_half_life / CLOCK_MS,
		    [REPUTATION_ADD_GOOD] = e->good,
		    [REPUTATION_ADD_BAD] = e->bad,
		    [REPUTATION_BOTH] = e->domain != NULL },
	};
	int64_t results[MEMORY_RESULTS];

	return world_remember(keeper->world, arena, &q, results, why);
}

/* Add what ${entry} has earned to what its network and domain have. */
static void
weigh(struct conduct_keeper *keeper, struct arena *arena,
    const struct entry *entry, struct strmap *all)
{
	const struct conduct_deed *deed = &entry->deed;
	const struct conduct_row *row =
	    conduct_weigh(deed, keeper->world, arena);
	const char *network, *domain, *key;
	struct earned *e;

	if (row == NULL)
		return;
	network = reputation_network(deed->site, arena, &deed->client);
	domain = reputation_domain(arena, deed->domain);
	key = arena_printf(arena, "%p %s %s", (const void *)deed->site, network,
	    domain != NULL ? domain : "");
	e = strmap_find(all, key);
	if (e == NULL) {
		e = arena_alloc(arena, sizeof *e);
		*e = (struct earned){
			.site = deed->site, .network = network, .domain = domain
		};
		(void)strmap_set(all, key, e);
	}
	e->good += (int64_t)row->good * entry->times;
	e->bad += (int64_t)row->bad * entry->times;
	if (row->bad > 0)
		e->bads += entry->times;
	else
		e->goods += entry->times;
}

/* Once it could not be done, nobody waits for the rest. */
static void
write_batch(struct conduct_keeper *keeper, struct batch *batch)
{
	struct strmap all = { 0 };
	const char *why = "there are too many at once";
	bool works = true;

	for (size_t i = 0; i < batch->entries.count; i++)
		weigh(
		    keeper, batch->arena, batch->entries.items[i].value, &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct earned *e = all.items[i].value;

		works = works && count(keeper, batch->arena, e, &why);
		if (!works) {
			batch->lost += e->goods + e->bads;
			continue;
		}
		counters_add_many(&good_ones, e->goods);
		counters_add_many(&bad_ones, e->bads);
	}
	if (batch->lost > 0) {
		counters_add_many(&lost_ones, batch->lost);
		event_warning(NULL,
		    "reputation: %s; %zu outcomes are not counted", why,
		    batch->lost);
	}
	strmap_free(&all);
	strmap_free(&batch->entries);
	arena_free(batch->arena);
}

static void
gather(void)
{
	struct timespec t = { .tv_nsec = GATHER_MS * CLOCK_MS };

	(void)nanosleep(&t, NULL);
}

/* In a worker, one at most: until nothing more is there. */
static void
write_all(struct work *work)
{
	struct conduct_keeper *keeper =
	    (struct conduct_keeper *)(void *)((char *)work -
		offsetof(struct conduct_keeper, work));
	struct batch batch;

	for (;;) {
		(void)pthread_mutex_lock(&keeper->lock);
		batch = keeper->batch;
		keeper->batch = (struct batch){ 0 };
		keeper->writing = batch.arena != NULL;
		(void)pthread_mutex_unlock(&keeper->lock);
		if (batch.arena == NULL)
			return;
		write_batch(keeper, &batch);
		gather();
	}
}

struct conduct_keeper *
conduct_keeper_new(struct world *world, struct workers *workers)
{
	struct conduct_keeper *keeper = calloc(1, sizeof *keeper);

	if (keeper == NULL)
		fatal("out of memory");
	keeper->world = world;
	keeper->workers = workers;
	keeper->work.run = write_all;
	(void)pthread_mutex_init(&keeper->lock, NULL);
	return keeper;
}

void
conduct_keeper_free(struct conduct_keeper *keeper)
{
	if (keeper == NULL)
		return;
	must(!keeper->writing);
	(void)pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

static const char *
copy(struct arena *arena, const char *text)
{
	return text != NULL ? arena_strdup(arena, text) : NULL;
}

/* In its batch, which has the lock. */
static void
put(struct batch *batch, const struct conduct_deed *deed, const char *key)
{
	struct entry *entry;

	if (batch->arena == NULL)
		batch->arena = arena_new();
	entry = strmap_find(&batch->entries, key);
	if (entry != NULL) {
		entry->times++;
		return;
	}
	if (batch->entries.count >= MOST_WAITING) {
		batch->lost++;
		return;
	}
	entry = arena_alloc(batch->arena, sizeof *entry);
	entry->deed = *deed;
	entry->deed.domain = copy(batch->arena, deed->domain);
	entry->deed.recipient = copy(batch->arena, deed->recipient);
	entry->times = 1;
	(void)strmap_set(&batch->entries, key, entry);
}

void
conduct_keeper_add(struct conduct_keeper *keeper, const struct site *site,
    const struct subject *subject, const char *domain, enum conduct what)
{
	const struct conduct_row *row = &conduct_rows()[what];
	struct conduct_deed deed = { site, subject->client, domain, NULL,
		what };
	char text[NET_TEXT];
	const char *key;
	bool start;

	if (keeper == NULL || !conduct_counts(site, subject))
		return;
	if (!match_empty(site->reputation_traps))
		deed.recipient = conduct_recipient(what, subject);
	if (deed.recipient == NULL && row->good + row->bad == 0)
		return;
	key = arena_printf(subject->arena, "%p %u %s %s %s", (const void *)site,
	    (unsigned)what, net_print(&deed.client, text),
	    domain != NULL ? domain : "",
	    deed.recipient != NULL ? deed.recipient : "");
	(void)pthread_mutex_lock(&keeper->lock);
	put(&keeper->batch, &deed, key);
	start = !keeper->writing;
	keeper->writing = true;
	(void)pthread_mutex_unlock(&keeper->lock);
	if (start)
		workers_give(keeper->workers, &keeper->work);
}
