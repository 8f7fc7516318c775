/* srv_order.c - see srv_order.h. */
#include "delivery/srv_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dns.h"
#include "rules/world.h"

static size_t
below(struct world *world, uint64_t limit)
{
	return (size_t)(world->ops->random(world) % limit);
}

/* Records without a weight stand before the others of their priority: of those
 * only the smallest number that can be drawn chooses them. */
static int
compare(const void *va, const void *vb)
{
	const struct dns_record *a = va, *b = vb;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return (a->weight > 0) - (b->weight > 0);
}

static void
swap(struct dns_record *a, struct dns_record *b)
{
	struct dns_record c = *a;

	*a = *b;
	*b = c;
}

/* Those without weight would else always come as the name server has them. */
static void
shuffle(struct dns_record *records, size_t n, struct world *world)
{
	for (; n > 1; n--)
		swap(&records[n - 1], &records[below(world, n)]);
}

/* The next of records of one priority to the front; the others keep their order. */
static void
draw(struct dns_record *records, size_t n, struct world *world)
{
	uint64_t sum = 0, drawn;
	struct dns_record chosen;
	size_t i;

	for (i = 0; i < n; i++)
		sum += records[i].weight;
	drawn = below(world, sum + 1);
	sum = records[0].weight;
	for (i = 0; sum < drawn; sum += records[i].weight)
		i++;
	chosen = records[i];
	memmove(records + 1, records, i * sizeof records[0]);
	records[0] = chosen;
}

struct dns_record *
srv_order(const struct dns_record *records, size_t n, struct world *world,
    struct arena *arena)
{
	struct dns_record *copy = arena_alloc(arena, (n + 1) * sizeof copy[0]);

	memcpy(copy, records, n * sizeof copy[0]);
	shuffle(copy, n, world);
	qsort(copy, n, sizeof copy[0], compare);
	for (size_t i = 0, end = 0; i < n; i++) {
		while (end < n && copy[end].preference == copy[i].preference)
			end++;
		draw(copy + i, end - i, world);
	}
	return copy;
}
