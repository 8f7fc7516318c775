/* cut_way.c - see cut_way.h. */
#include "proxy/cut_way.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/master.h"
#include "delivery/agent.h"
#include "delivery/smtp_agent.h"
#include "delivery/transport.h"
#include "queue/destination.h"
#include "queue/queue_params.h"
#include "queue/transport_limits.h"

enum { CHAINS = 256 };

/* What is known of a destination that is busy or failed not long ago. */
#define KEPT (CLOCK_SECOND * 3600)

struct place {
	struct place *next;
	const struct cut_way *way;
	unsigned busy;  /* deliveries under way */
	int64_t closed; /* clock_mono(), up to when; 0: all is well */
	char nexthop[];
};

struct cut_ways {
	struct arena *arena;
	struct conf *conf;
	struct cut_way *list;
	size_t count;
	pthread_mutex_t lock; /* guards places */
	struct place *places[CHAINS];
};

/* Mistakes are told by the role that delivers from the queue. */
static void
add_way(struct cut_ways *ways, const struct master_service *service,
    const struct agent *agent, const struct queue_params *params)
{
	struct cut_way *way = &ways->list[ways->count];
	struct destination_limits limits;
	struct err err = { { 0 } };

	transport_limits_read(&limits, ways->conf, params, service->name, &err);
	if (limits.deferred)
		return;
	way->transport =
	    transport_open(service, agent, ways->conf, ways->arena, &err);
	if (way->transport == NULL)
		return;
	way->paced = limits.rate_delay > 0 || limits.transport_rate_delay > 0;
	way->concurrency = limits.concurrency.most;
	way->recipients = limits.recipients;
	ways->count++;
}

struct cut_ways *
cut_way_open(const struct master *master, struct conf *conf, struct err *err)
{
	struct cut_ways *ways = calloc(1, sizeof *ways);
	struct queue_params params;

	if (ways == NULL)
		fatal("out of memory");
	ways->arena = arena_new();
	ways->conf = conf;
	(void)pthread_mutex_init(&ways->lock, NULL);
	if (param_load(&queue_params_table, conf, ways->arena, &params, err) !=
	    0) {
		cut_way_close(ways);
		return NULL;
	}
	ways->list = arena_alloc(
	    ways->arena, (master->count + 1) * sizeof ways->list[0]);
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->services[i];
		const struct agent *agent = agent_find(service->command);

		if (service->type == MASTER_UNIX &&
		    (agent == &smtp_agent || agent == &smtp_agent_lmtp))
			add_way(ways, service, agent, &params);
	}
	return ways;
}

void
cut_way_close(struct cut_ways *ways)
{
	struct place *place;

	if (ways == NULL)
		return;
	for (size_t i = 0; i < ways->count; i++)
		transport_close(ways->list[i].transport, ways->conf);
	for (size_t i = 0; i < CHAINS; i++)
		while ((place = ways->places[i]) != NULL) {
			ways->places[i] = place->next;
			free(place);
		}
	(void)pthread_mutex_destroy(&ways->lock);
	arena_free(ways->arena);
	free(ways);
}

const struct cut_way *
cut_way_find(const struct cut_ways *ways, const char *name)
{
	for (size_t i = 0; i < ways->count; i++)
		if (strcmp(ways->list[i].transport->name, name) == 0)
			return &ways->list[i];
	return NULL;
}

static struct place *
new_place(const struct cut_way *way, const char *nexthop)
{
	size_t n = strlen(nexthop) + 1;
	struct place *place = calloc(1, sizeof *place + n);

	if (place == NULL)
		fatal("out of memory");
	place->way = way;
	memcpy(place->nexthop, nexthop, n);
	return place;
}

/* With the lock.  Whoever looks for a place also takes away those about which
 * there is nothing to know any more. */
static struct place *
place_of(struct cut_ways *ways, const struct cut_way *way, const char *nexthop)
{
	unsigned hash = 5381 + (unsigned)(way - ways->list);
	int64_t now = clock_mono();
	struct place **at, *place;

	for (const char *p = nexthop; *p != '\0'; p++)
		hash = hash * 33 + (unsigned char)*p;
	at = &ways->places[hash % CHAINS];
	while ((place = *at) != NULL) {
		if (place->way == way && strcmp(place->nexthop, nexthop) == 0)
			return place;
		if (place->busy == 0 &&
		    (place->closed == 0 || place->closed < now - KEPT)) {
			*at = place->next;
			free(place);
		} else {
			at = &place->next;
		}
	}
	return *at = new_place(way, nexthop);
}

bool
cut_way_enter(struct cut_ways *ways, const struct cut_way *way,
    const char *nexthop, int64_t pause)
{
	unsigned most = way->concurrency;
	int64_t now = clock_mono();
	struct place *place;
	bool open;

	(void)pthread_mutex_lock(&ways->lock);
	place = place_of(ways, way, nexthop);
	open = place->closed <= now && (most == 0 || place->busy < most);
	if (open)
		place->busy++;
	/* The others wait for what comes of this one. */
	if (open && place->closed != 0)
		place->closed = now + pause;
	(void)pthread_mutex_unlock(&ways->lock);
	return open;
}

bool
cut_way_leave(struct cut_ways *ways, const struct cut_way *way,
    const char *nexthop, bool failed, int64_t pause)
{
	int64_t now = clock_mono();
	struct place *place;
	bool begins;

	(void)pthread_mutex_lock(&ways->lock);
	place = place_of(ways, way, nexthop);
	begins = failed && place->closed == 0;
	place->busy--;
	place->closed = failed ? now + pause : 0;
	(void)pthread_mutex_unlock(&ways->lock);
	return begins;
}

bool
cut_way_idle(struct cut_ways *ways, int64_t now)
{
	bool more = false;

	for (size_t i = 0; i < ways->count; i++) {
		struct transport *t = ways->list[i].transport;

		if (t->agent->idle != NULL && t->agent->idle(t, now))
			more = true;
	}
	return more;
}
