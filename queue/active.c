/* active.c - see active.h. */
#include "queue/active.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/fatal.h"

enum { BUCKETS = 4096 };

void
active_init(struct active_table *table)
{
	*table = (struct active_table){ .nbuckets = BUCKETS };
	table->buckets = calloc(BUCKETS, sizeof(void *));
	if (table->buckets == NULL)
		fatal("out of memory");
}

void
active_free(struct active_table *table)
{
	for (size_t i = 0; i < table->nbuckets; i++)
		while (table->buckets[i] != NULL)
			active_remove(table, table->buckets[i]);
	free(table->buckets);
	*table = (struct active_table){ 0 };
}

/* Keys count up, so their low bits spread them well. */
static struct active **
bucket(const struct active_table *table, uint64_t key)
{
	return &table->buckets[key % table->nbuckets];
}

struct active *
active_add(struct active_table *table, uint64_t key, struct arena *arena,
    const struct envelope *e)
{
	struct active *a = arena_alloc(arena, sizeof *a);
	struct active **p = bucket(table, key);

	a->key = key;
	a->arena = arena;
	a->e = *e;
	a->e.headers = a->e.body = NULL;
	a->outcomes = arena_alloc(arena, e->nrcpts);
	TAILQ_INIT(&a->deliveries);
	a->next = *p;
	*p = a;
	table->count++;
	a->counted = e->nrcpts < table->most ? e->nrcpts : table->most;
	table->recipients += a->counted;
	table->rescans += e->rescan;
	return a;
}

struct active *
active_find(const struct active_table *table, uint64_t key)
{
	struct active *a = *bucket(table, key);

	while (a != NULL && a->key != key)
		a = a->next;
	return a;
}

void
active_remove(struct active_table *table, struct active *a)
{
	struct active **p = bucket(table, a->key);

	while (*p != a)
		p = &(*p)->next;
	*p = a->next;
	table->count--;
	table->recipients -= a->counted;
	table->rescans -= a->e.rescan;
	arena_free(a->arena);
}

size_t
active_todo(const struct active *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->e.nrcpts; i++)
		n += a->e.rcpts[i].state != ENVELOPE_DONE;
	return n;
}
