/* The order of SRV records: priorities stand, weights are chances (RFC 2782). */
#include "delivery/srv_order.h"

#include "base/arena.h"
#include "base/dns.h"
#include "t/tap.h"
#include "t/testworld.h"

enum { ROUNDS = 20000 };

static struct testworld world;

static uint64_t
random_number(struct world *w)
{
	struct testworld *t = (struct testworld *)w;
	uint64_t z = t->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* How often, of ROUNDS, the record with ${port} comes first. */
static unsigned
first(const struct dns_record *records, size_t n, unsigned port)
{
	unsigned count = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct arena *arena = arena_new();
		struct dns_record *r =
		    srv_order(records, n, &world.world, arena);

		count += r[0].port == port;
		arena_free(arena);
	}
	return count;
}

static bool
is_about(unsigned count, unsigned percent)
{
	unsigned want = ROUNDS / 100 * percent;

	return count > want - ROUNDS / 50 && count < want + ROUNDS / 50;
}

/* Each record comes once, none before one of a lower priority. */
static void
test_whole(void)
{
	struct dns_record records[20];
	struct arena *arena = arena_new();
	unsigned wrong = 0;

	for (unsigned i = 0; i < 20; i++)
		records[i] = (struct dns_record){ .name = "x",
			.port = i,
			.preference = i * 7 % 5,
			.weight = i * 31 % 4 };
	for (int round = 0; round < 200; round++) {
		size_t n = (size_t)round % 21;
		struct dns_record *r =
		    srv_order(records, n, &world.world, arena);
		unsigned seen = 0;

		for (size_t i = 0; i < n; i++) {
			seen |= 1U << r[i].port;
			wrong += i > 0 && r[i - 1].preference > r[i].preference;
		}
		wrong += seen != (1U << n) - 1;
	}
	ok(wrong == 0, "all records, by priority");
	arena_free(arena);
}

int
main(void)
{
	static const struct dns_record weighed[] = {
		{ .port = 1, .preference = 5, .weight = 1000 },
		{ .port = 2, .preference = 5, .weight = 3000 },
		{ .port = 3, .preference = 5, .weight = 0 },
		{ .port = 4, .preference = 9, .weight = 65535 },
	};
	static const struct dns_record equal[] = {
		{ .port = 1 },
		{ .port = 2 },
		{ .port = 3 },
		{ .port = 4 },
	};
	struct world_ops ops;

	world = testworld_new("");
	ops = *world.world.ops;
	ops.random = random_number;
	world.world.ops = &ops;
	test_whole();
	ok(is_about(first(weighed, 4, 1), 25), "a quarter of the weight");
	ok(is_about(first(weighed, 4, 2), 75), "three quarters");
	ok(first(weighed, 4, 3) < ROUNDS / 100, "no weight, hardly any chance");
	ok(first(weighed, 4, 4) == 0, "a higher priority comes later");
	for (unsigned i = 1; i <= 4; i++)
		ok(is_about(first(equal, 4, i), 25),
		    "without weights all are equal: %u", i);
	return done_testing();
}
