/* client_count.c - see client_count.h. */
#include "proxy/client_count.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fatal.h"
#include "base/net.h"

struct item {
	struct item *next;
	struct net_addr addr;
	unsigned count;
};

enum { SLOTS = 4096 };

struct client_count {
	pthread_mutex_t lock;
	uint64_t seed; /* so that nobody can choose addresses that collide */
	struct item *slots[SLOTS];
};

struct client_count *
client_count_new(void)
{
	struct client_count *c = calloc(1, sizeof *c);

	if (c == NULL)
		fatal("out of memory");
	if (getrandom(&c->seed, sizeof c->seed, 0) < 0)
		c->seed = (uint64_t)(uintptr_t)c;
	(void)pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
client_count_free(struct client_count *c)
{
	struct item *item, *next;

	if (c == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		for (item = c->slots[i]; item != NULL; item = next) {
			next = item->next;
			free(item);
		}
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct item **
find(struct client_count *c, const struct net_addr *addr)
{
	uint64_t hash = c->seed;
	struct item **at;

	for (size_t i = 0; i < sizeof addr->octets; i++)
		hash = (hash ^ addr->octets[i]) * UINT64_C(0x100000001b3);
	hash ^= hash >> 29;
	for (at = &c->slots[hash % SLOTS]; *at != NULL; at = &(*at)->next)
		if (net_equal(&(*at)->addr, addr))
			break;
	return at;
}

unsigned
client_count_add(struct client_count *c, const struct net_addr *addr)
{
	struct item **at;
	unsigned count;

	(void)pthread_mutex_lock(&c->lock);
	at = find(c, addr);
	if (*at == NULL) {
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			fatal("out of memory");
		(*at)->addr = *addr;
	}
	count = ++(*at)->count;
	(void)pthread_mutex_unlock(&c->lock);
	return count;
}

void
client_count_drop(struct client_count *c, const struct net_addr *addr)
{
	struct item **at, *item;

	(void)pthread_mutex_lock(&c->lock);
	at = find(c, addr);
	must(*at != NULL && (*at)->count > 0);
	if (--(*at)->count == 0) {
		item = *at;
		*at = item->next;
		free(item);
	}
	(void)pthread_mutex_unlock(&c->lock);
}
