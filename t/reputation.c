/* Reputations: how outcomes fade and are counted, in a process's memory and in the
 * store, which must come to the same; what counts as what; and a flood of deeds
 * that is a few writes. */
#include "checks/reputation_rule.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/state.h"
#include "base/workers.h"
#include "checks/conduct_keeper.h"
#include "checks/memory_store.h"
#include "checks/reputation.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/match.h"
#include "t/tap.h"
#include "t/testworld.h"

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define HALF   (14 * DAY)
#define START  (INT64_C(1700000000) * SECOND)

static char dir[] = "/tmp/weir-reputation-XXXXXX";
static struct arena *arena;
static struct state *state;
static uint64_t seed = 1;

static unsigned
pick(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* Half after a half-life, never more than before, and two steps as one. */
static void
test_fade(void)
{
	unsigned wrong = 0, more = 0, composed = 0;

	ok(reputation_rule_fade(1000000, 0, HALF) == 1000000, "now: all");
	ok(reputation_rule_fade(1000000, HALF, HALF) == 500000, "half");
	ok(reputation_rule_fade(1000000, 3 * HALF, HALF) == 125000,
	    "an eighth");
	ok(reputation_rule_fade(1000000, HALF / 2, HALF) == 707107,
	    "the root of a half");
	ok(reputation_rule_fade(1000000, -DAY, HALF) == 1000000,
	    "a clock that was set back takes nothing away");
	ok(reputation_rule_fade(INT64_C(1000000000000), 61 * HALF, HALF) == 0,
	    "in the end: nothing");
	for (int i = 0; i < 20000; i++) {
		int64_t half = 1 + pick(1u << 30), amount = pick(1u << 31);
		int64_t a = pick(1u << 31), b = pick(1u << 31);
		int64_t after = reputation_rule_fade(amount, a, half);
		int64_t both = reputation_rule_fade(amount, a + b, half);
		double want = (double)amount * exp2(-(double)a / (double)half);

		wrong += fabs((double)after - want) > 0.6;
		more += after > amount || both > after;
		composed +=
		    llabs(reputation_rule_fade(after, b, half) - both) > 1;
	}
	ok(wrong == 0, "it is the power of one half: %u are not", wrong);
	ok(more == 0, "it never grows: %u", more);
	ok(composed == 0, "to look in between changes nothing: %u", composed);
}

static struct memory_question
about(const struct memory_rule *rule, const char *name, const char *other)
{
	return (struct memory_question){
		.rule = rule,
		.keys = { name, name, other, other },
		.args = { [REPUTATION_HALF_LIFE] = HALF },
	};
}

static void
decide(struct memory *memory, const struct memory_question *q, int64_t now,
    int64_t *results)
{
	if (memory != NULL)
		memory_decide(memory, q, now, results);
	else
		ok(memory_store_decide(state, q, now, results) == 0, "stored");
}

/* "score good bad" */
static const char *
known(struct memory *memory, const char *name, int64_t now)
{
	struct memory_question q = about(&reputation_rule, name, "");
	int64_t results[MEMORY_RESULTS] = { 0 };

	decide(memory, &q, now, results);
	return arena_printf(arena, "%d %d %d", (int)results[REPUTATION_SCORE],
	    (int)results[REPUTATION_GOODS], (int)results[REPUTATION_BADS]);
}

static void
count(struct memory *memory, const char *name, const char *other, int64_t good,
    int64_t bad, int64_t now)
{
	struct memory_question q =
	    about(&reputation_rule_count, name, other != NULL ? other : "@");
	int64_t results[MEMORY_RESULTS] = { 0 };

	q.args[REPUTATION_ADD_GOOD] = good;
	q.args[REPUTATION_ADD_BAD] = bad;
	q.args[REPUTATION_BOTH] = other != NULL;
	decide(memory, &q, now, results);
}

static void
test_count(const char *where, struct memory *m)
{
	is(known(m, "n", START), "0 0 0", "%s: unknown is neutral", where);
	count(m, "n", NULL, 1, 0, START);
	is(known(m, "n", START), "16 1 0", "%s: one is not much", where);
	count(m, "n", "d", 4, 0, START);
	is(known(m, "n", START), "50 5 0", "%s: five are", where);
	is(known(m, "d", START), "44 4 0", "%s: a domain of its own", where);
	is(known(m, "@", START), "0 0 0", "%s: nobody is no domain", where);
	count(m, "n", NULL, 0, 5, START);
	is(known(m, "n", START), "0 5 5", "%s: as much bad", where);
	count(m, "n", NULL, 0, 85, START);
	is(known(m, "n", START), "-85 5 90", "%s: much more", where);
	is(known(m, "n", START + HALF), "-80 3 45", "%s: half of it", where);
	is(known(m, "n", START + 9 * HALF), "-3 0 0", "%s: hardly any", where);
	is(known(m, "n", START + 30 * HALF), "0 0 0", "%s: forgotten", where);
	is(known(m, "n", START - DAY), "-85 5 90", "%s: set back", where);
	count(m, "n", NULL, 0, 5, START - DAY);
	is(known(m, "n", START - DAY), "-85 5 95", "%s: and on", where);
	count(m, "all", NULL, 2000000, 3000000, START);
	is(known(m, "all", START), "0 1000000 1000000", "%s: the most", where);
}

/* However often, in whatever order and by whatever parts it is counted. */
static void
test_parts(void)
{
	struct memory *m = memory_new();
	unsigned wrong = 0;

	for (int i = 0; i < 300; i++) {
		const char *one = arena_printf(arena, "one%d", i);
		const char *parts = arena_printf(arena, "parts%d", i);
		unsigned good = pick(30), bad = pick(30), g = 0, b = 0;
		int64_t later = START + pick(1u << 31);

		count(m, one, NULL, good, bad, START);
		while (g < good || b < bad) {
			bool is_good = b == bad || (g < good && pick(2) == 0);

			count(m, parts, NULL, is_good, !is_good, START);
			g += is_good;
			b += !is_good;
			(void)known(m, parts, START + pick(1000));
		}
		wrong +=
		    strcmp(known(m, one, later), known(m, parts, later)) != 0;
	}
	ok(wrong == 0, "parts make the whole: %u do not", wrong);
	memory_free(m);
}

/* What one client does often is not forgotten by being counted often. */
static void
test_often(void)
{
	struct memory *m = memory_new();
	double want = 0;
	int64_t now = START;

	for (int i = 0; i < 20000; i++) {
		now += 3 * SECOND;
		want = want * exp2(-3.0 / (14 * 86400)) + 1;
		count(m, "often", NULL, 1, 0, now);
	}
	is(known(m, "often", now),
	    arena_printf(arena, "99 %d 0", (int)floor(want + 0.5)),
	    "every three seconds");
	memory_free(m);
}

/* A world that counts how often it is asked to remember. */
struct counting {
	struct testworld test; /* first */
	_Atomic unsigned asked;
};

static bool
remember(struct world *world, struct arena *a,
    const struct memory_question *question, int64_t *results, const char **why)
{
	((struct counting *)(void *)world)->asked++;
	return testworld_remember(world, a, question, results, why);
}

static void
test_keeper(void)
{
	struct world_ops ops = testworld_ops;
	struct counting c = { .test = testworld_new(NULL) };
	struct workers *workers = workers_new(4, 0);
	struct conduct_keeper *keeper;
	struct err err = { 0 };
	struct site site = { .delimiters = "+",
		.params = { .weir_reputation = true,
		    .weir_reputation_half_life = HALF * CLOCK_MS,
		    .weir_greylist_ipv4_prefix = 24,
		    .weir_greylist_ipv6_prefix = 64 } };
	struct subject s = { .arena = arena, .world = &c.test.world };

	site.mynetworks = match_open("10.0.0.0/8", "mynetworks", 0, NULL, &err);
	site.reputation_traps =
	    match_open("trap@example.com", "traps", 0, NULL, &err);
	ops.remember = remember;
	c.test.world.ops = &ops;
	c.test.memory = memory_new();
	keeper = conduct_keeper_new(&c.test.world, workers);
	(void)net_parse("192.0.2.1", &s.client);
	s.recipient = "u@example.com";
	for (int i = 0; i < 10000; i++)
		conduct_keeper_add(keeper, &site, &s,
		    i % 2 == 0 ? "Example.net" : NULL,
		    CONDUCT_RECIPIENT_REFUSED);
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_RECIPIENT);
	s.recipient = "Trap+x@example.com";
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_RECIPIENT);
	s.recipient_count = 1;
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_STORED);
	s.recipient = NULL;
	(void)net_parse("2001:db8:0:1::7", &s.client);
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_STORED);
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_CONTENT);
	s.sasl_username = "joe";
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_STORED);
	s.sasl_username = NULL;
	(void)net_parse("10.1.2.3", &s.client);
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_STORED);
	s.client.family = NET_NONE;
	conduct_keeper_add(keeper, &site, &s, NULL, CONDUCT_STORED);
	workers_free(workers);
	conduct_keeper_free(keeper);
	ok(c.asked < 2000, "10,000 deeds are fewer writes: %u", c.asked);
	is(known(c.test.memory, "192.0.2.0/24", c.test.now / CLOCK_MS),
	    "-99 0 10010", "and all are counted, with the trap");
	is(known(c.test.memory, "@example.net", c.test.now / CLOCK_MS),
	    "-99 0 5000", "for the domain, too");
	is(known(c.test.memory, "2001:db8:0:1::/64", c.test.now / CLOCK_MS),
	    "-36 1 5", "content weighs more; a login counts for nothing");
	is(known(c.test.memory, "10.1.2.0/24", c.test.now / CLOCK_MS), "0 0 0",
	    "nor do our own networks");
	conduct_keeper_add(NULL, &site, &s, NULL, CONDUCT_STORED);
	match_close(site.mynetworks);
	match_close(site.reputation_traps);
	memory_free(c.test.memory);
}

int
main(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "copy.mdb",
		"mark", "users" };
	struct memory *memory = memory_new();
	struct err err = { 0 };
	char path[128];

	arena = arena_new();
	if (mkdtemp(dir) == NULL)
		return 1;
	state = state_open(dir, &err);
	ok(state != NULL, "a store %s", err.text);
	test_fade();
	test_count("memory", memory);
	test_count("store", NULL);
	test_parts();
	test_often();
	test_keeper();
	state_close(state);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	memory_free(memory);
	arena_free(arena);
	return done_testing();
}
