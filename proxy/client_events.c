/* client_events.c - see client_events.h. */
#include "proxy/client_events.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/fatal.h"

struct item {
	struct item *next;
	struct client_key key;
	unsigned open;
	unsigned rate[CLIENT_EVENT_COUNT];
	int64_t start, end; /* of the unit of time; 0: none has begun */
};

enum { SLOTS = 4096 };

struct client_events {
	pthread_mutex_t lock;
	uint64_t seed; /* so that nobody can choose addresses that collide */
	unsigned broom;
	struct item *slots[SLOTS];
};

struct client_events *
client_events_new(void)
{
	struct client_events *events = calloc(1, sizeof *events);

	if (events == NULL)
		fatal("out of memory");
	if (getrandom(&events->seed, sizeof events->seed, 0) < 0)
		events->seed = (uint64_t)(uintptr_t)events;
	(void)pthread_mutex_init(&events->lock, NULL);
	return events;
}

void
client_events_free(struct client_events *events)
{
	struct item *item, *next;

	if (events == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		for (item = events->slots[i]; item != NULL; item = next) {
			next = item->next;
			free(item);
		}
	(void)pthread_mutex_destroy(&events->lock);
	free(events);
}

static bool
same(const struct client_key *a, const struct client_key *b)
{
	return a->place == b->place && net_equal(&a->net, &b->net);
}

static struct item **
find(struct client_events *events, const struct client_key *key)
{
	uint64_t hash = events->seed ^ key->place;
	struct item **at;

	for (size_t i = 0; i < sizeof key->net.octets; i++)
		hash = (hash ^ key->net.octets[i]) * UINT64_C(0x100000001b3);
	hash ^= hash >> 29;
	for (at = &events->slots[hash % SLOTS]; *at != NULL; at = &(*at)->next)
		if (same(&(*at)->key, key))
			break;
	return at;
}

/* Forget those in one slot who have gone, and have done nothing lately: with
 * every new client, another slot. */
static void
sweep(struct client_events *events)
{
	struct item **at = &events->slots[events->broom++ % SLOTS], *item;
	int64_t now = clock_mono();

	while ((item = *at) != NULL)
		if (item->open == 0 && item->end < now) {
			*at = item->next;
			free(item);
		} else {
			at = &item->next;
		}
}

static struct item *
have(struct client_events *events, const struct client_key *key)
{
	struct item **at = find(events, key);

	if (*at == NULL) {
		sweep(events);
		at = find(events, key);
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			fatal("out of memory");
		(*at)->key = *key;
	}
	return *at;
}

unsigned
client_events_open(struct client_events *events, const struct client_key *key)
{
	unsigned count;

	(void)pthread_mutex_lock(&events->lock);
	count = ++have(events, key)->open;
	(void)pthread_mutex_unlock(&events->lock);
	return count;
}

void
client_events_close(struct client_events *events, const struct client_key *key)
{
	struct item **at, *item;

	(void)pthread_mutex_lock(&events->lock);
	at = find(events, key);
	item = *at;
	must(item != NULL && item->open > 0);
	if (--item->open == 0 && item->start == 0) {
		*at = item->next;
		free(item);
	}
	(void)pthread_mutex_unlock(&events->lock);
}

unsigned
client_events_connected(
    struct client_events *events, const struct client_key *key)
{
	unsigned count;
	struct item *item;

	(void)pthread_mutex_lock(&events->lock);
	item = *find(events, key);
	count = item != NULL ? item->open : 0;
	(void)pthread_mutex_unlock(&events->lock);
	return count;
}

unsigned
client_events_add(struct client_events *events, const struct client_key *key,
    enum client_event event, int64_t unit)
{
	int64_t now = clock_mono();
	struct item *item;
	unsigned count;

	(void)pthread_mutex_lock(&events->lock);
	item = have(events, key);
	if (item->start == 0 || now - item->start > unit) {
		memset(item->rate, 0, sizeof item->rate);
		item->start = now;
		item->end = now + unit;
	}
	count = ++item->rate[event];
	(void)pthread_mutex_unlock(&events->lock);
	return count;
}

unsigned
client_events_get(struct client_events *events, const struct client_key *key,
    enum client_event event, int64_t unit)
{
	unsigned count = 0;
	struct item *item;

	(void)pthread_mutex_lock(&events->lock);
	item = *find(events, key);
	if (item != NULL && item->start != 0 &&
	    clock_mono() - item->start <= unit)
		count = item->rate[event];
	(void)pthread_mutex_unlock(&events->lock);
	return count;
}
