/* Limits of a rate: what is written of them, the arithmetic of their buckets
 * (held to what a limit promises, S-232, G-31), and that a thing counts once,
 * in a process's memory and in the store, which must decide alike. */
#include "checks/rate_rule.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/state.h"
#include "checks/memory_store.h"
#include "checks/rate_spec.h"
#include "t/tap.h"

#define START (INT64_C(1700000000) * 1000)

static char dir[] = "/tmp/weir-rate-XXXXXX";
static struct arena *arena;
static struct state *state;
static uint64_t seed = 1;

static unsigned
pick(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* What a limit comes to: "name unit rate/period capacity action", or why it is
 * none. */
static const char *
read_spec(const char *text)
{
	struct err err = { "" };
	const struct rate_spec *s = rate_spec_parse(text, NULL, arena, &err);

	if (s == NULL)
		return arena_printf(arena, "!%s", err.text);
	return arena_printf(arena, "%s %s %lld/%lld %lld %s", s->name,
	    s->unit_name, (long long)s->rate, (long long)s->period,
	    (long long)s->capacity, s->action);
}

static const char preset[] = "DEFER_IF_PERMIT 4.7.1 Rate limit exceeded";
static const struct {
	const char *text, *want; /* ending in a blank: the preset */
} specs[] = {
	{ "{ 100 messages / hour per client_address }",
	    "client_address messages 1/36000 100 " },
	{ "{100 messages/1h per client_address}",
	    "client_address messages 1/36000 100 " },
	{ "{ 1 Message per 60 }", "all messages 1/60000 1 " },
	{ "{ 10M bytes / day per sasl_username+recipient_domain }",
	    "sasl_username+recipient_domain bytes 2048/16875 10485760 " },
	{ "{ 3 connections / 2s per client_network, burst = 9 }",
	    "client_network connections 3/2000 9 " },
	{ "{ 7 recipients / week per sender, refill = window, "
	  "action = REJECT 5.7.1 a, b = c }",
	    "sender recipients 0/604800000 7 REJECT 5.7.1 a, b = c" },
	{ "{ 7 recipients / minute, refill=smooth, action = { hold } }",
	    "all recipients 7/60000 7 hold" },
	{ "{ 2 messages / day, action = check_it, reject }",
	    "all messages 1/43200000 2 check_it, reject" },
	{ "{ }",
	    "!need a limit, as 100 messages / hour per "
	    "client_address, not \"\"" },
	{ "{ 0 messages / 1h }",
	    "!need a limit, as 100 messages / hour per "
	    "client_address, not \"0 messages / 1h\"" },
	{ "{ -1 messages / 1h }",
	    "!need a limit, as 100 messages / hour per "
	    "client_address, not \"-1 messages / 1h\"" },
	{ "{ 99999999999999999999 messages / 1h }",
	    "!need a limit, as 100 messages / hour per "
	    "client_address, not \"99999999999999999999 messages / "
	    "1h\"" },
	{ "{ 5 letters / 1h }",
	    "!need messages, recipients, bytes or "
	    "connections, not \"letters\"" },
	{ "{ 5 messages }", "!need / and a time behind \"5 messages\"" },
	{ "{ 5 messages / 0s }", "!need a time, as 10m or hour, not \"0s\"" },
	{ "{ 5 messages / 1h per }",
	    "!what is counted for must be a text: \"\"" },
	{ "{ 5 messages / 1h per size }",
	    "!what is counted for must be a text: \"size\"" },
	{ "{ 5 messages / 1h per client_adress }",
	    "!unknown fact \"client_adress\"; did you mean "
	    "client_address" },
	{ "{ 5 messages / 1h per sender recipient }",
	    "!need + between facts, not \"recipient\"" },
	{ "{ 5 messages / 1h per sender+sender+sender+sender+sender }",
	    "!more than 4 facts" },
	{ "{ 5 messages / 1h, burst }", "!missing '=' in \"burst\"" },
	{ "{ 5 messages / 1h, burst = no }", "!bad value: burst = no" },
	{ "{ 5 messages / 1h, refill = often }", "!bad value: refill = often" },
	{ "{ 5 messages / 1h, ipv4_prefix = 33 }",
	    "!bad value: ipv4_prefix = 33" },
	{ "{ 5 messages / 1h, burst = 9, refill = window }",
	    "!burst has no meaning with refill = window" },
	{ "{ 5 messages / 1h, color = red }",
	    "!unknown setting \"color\": need burst, refill, away, "
	    "ipv4_prefix, ipv6_prefix or action" },
	{ "{ 5 messages / 1h, action = OK }", "!bad value: action = OK" },
	{ "{ 5 messages / 1h, action = relay }", "!bad value: action = relay" },
	{ "{ 5 messages / 1h, action = 4 }", "!bad value: action = 4" },
	{ "{ 5 messages / 1h, action = }", "!bad value: action = " },
	{ "{ 999999999999991 bytes / 366d }",
	    "!so many in so long cannot be counted: take a rounder "
	    "number" },
};

static void
test_spec(void)
{
	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		const char *want = specs[i].want;
		size_t n = strlen(want);

		if (want[n - 1] == ' ' && want[0] != '!')
			want = arena_printf(arena, "%s%s", want, preset);
		is(read_spec(specs[i].text), want, "%s: %s", specs[i].text,
		    read_spec(specs[i].text));
	}
}

/* What was let through, and when. */
struct past {
	int64_t when, amount;
};

/* What a limit promises of any span of time: no more than its capacity, and what
 * leaves the bucket meanwhile. */
static bool
has_room(const struct past *past, size_t n, const int64_t *args, int64_t now,
    int64_t amount)
{
	int64_t sum = amount;

	if (amount > args[RATE_CAPACITY])
		return false;
	for (size_t i = n; i-- > 0;) {
		sum += past[i].amount;
		if (sum * args[RATE_PERIOD] >
		    args[RATE_CAPACITY] * args[RATE_PERIOD] +
			(now - past[i].when) * args[RATE_RATE])
			return false;
	}
	return true;
}

static void
ask_cells(const struct memory_cell *from, const int64_t *args, int64_t now,
    int64_t *results, struct memory_cell *after)
{
	memcpy(after, from, MEMORY_CELLS * sizeof *after);
	memset(results, 0, MEMORY_RESULTS * sizeof *results);
	after[RATE_THING] = (struct memory_cell){ .there = false };
	if (after[RATE_BUCKET].expires <= now)
		after[RATE_BUCKET].there = false;
	rate_rule.decide(after, args, now, results);
}

/* One more thing; false: that is not what was promised. */
static bool
one_more(struct memory_cell *cells, int64_t *args, int64_t now,
    struct past *past, size_t *n)
{
	int64_t results[MEMORY_RESULTS], later[MEMORY_RESULTS];
	struct memory_cell after[MEMORY_CELLS], trial[MEMORY_CELLS];
	bool room = has_room(past, *n, args, now, args[RATE_AMOUNT]);

	ask_cells(cells, args, now, results, after);
	if ((results[RATE_WAIT] == 0) != room)
		return false;
	if (!room) {
		int64_t wait = results[RATE_WAIT];

		if (after[RATE_BUCKET].changed ||
		    args[RATE_AMOUNT] > args[RATE_CAPACITY])
			return !after[RATE_BUCKET].changed;
		/* Neither sooner nor later. */
		ask_cells(cells, args, now + wait - 1, later, trial);
		if (later[RATE_WAIT] == 0)
			return false;
		ask_cells(cells, args, now + wait, later, trial);
		return later[RATE_WAIT] == 0;
	}
	past[(*n)++] = (struct past){ now, args[RATE_AMOUNT] };
	after[RATE_BUCKET].there = true;
	after[RATE_BUCKET].changed = false;
	memcpy(cells, after, sizeof after);
	return results[RATE_COUNTED] == args[RATE_AMOUNT];
}

static void
test_promise(void)
{
	enum { EVENTS = 300 };
	struct past past[EVENTS];
	unsigned broken = 0, refused = 0;

	for (int round = 0; round < 400; round++) {
		int64_t args[MEMORY_ARGS] = {
			[RATE_RATE] = 1 + pick(pick(2) ? 5 : 5000),
			[RATE_PERIOD] = 1 + pick(pick(2) ? 50 : 100000),
			[RATE_CAPACITY] = 1 + pick(pick(2) ? 6 : 600),
		};
		struct memory_cell cells[MEMORY_CELLS] = { 0 };
		int64_t now = START;
		size_t n = 0, before;

		for (int i = 0; i < EVENTS; i++) {
			args[RATE_AMOUNT] = 1 +
			    pick((unsigned)(pick(3) ? 1
						    : args[RATE_CAPACITY] + 2));
			now += pick(3) == 0
			    ? pick((unsigned)(3 * args[RATE_PERIOD] /
				      args[RATE_RATE] +
				  2))
			    : 0;
			before = n;
			broken += !one_more(cells, args, now, past, &n);
			refused += n == before;
		}
	}
	ok(broken == 0,
	    "a limit lets through what it promises, no more, no "
	    "less: %u broken",
	    broken);
	ok(refused > 1000, "of things that were refused, too: %u", refused);
}

static struct memory_question
question_of(const int64_t *args, const char *bucket, const char *thing,
    const char *whole)
{
	struct memory_question q = {
		.rule = whole != NULL ? &rate_rule_part : &rate_rule,
		.keys = { bucket, thing, whole },
	};

	memcpy(q.args, args, sizeof q.args);
	return q;
}

/* "wait used counted" */
static const char *
decide(struct memory *memory, const struct memory_question *q, int64_t now)
{
	int64_t r[MEMORY_RESULTS];

	if (memory != NULL)
		memory_decide(memory, q, now, r);
	else if (memory_store_decide(state, q, now, r) != 0)
		return "failed";
	return arena_printf(arena, "%lld %lld %lld", (long long)r[RATE_WAIT],
	    (long long)r[RATE_USED], (long long)r[RATE_COUNTED]);
}

/* Steps of one story: 4 in 60 s, at once or evenly. */
static const struct step {
	int64_t when;
	const char *thing, *whole;
	int64_t amount;
	const char *evenly, *at_once, *what;
} steps[] = {
	{ 0, "m1", NULL, 1, "0 1 1", "0 1 1", "a message" },
	{ 1, "m1", NULL, 1, "0 1 0", "0 1 0", "counts once" },
	{ 15000, "m2", NULL, 1, "0 1 1", "0 2 1", "another" },
	{ 15000, "m3", NULL, 3, "0 4 3", "45000 2 0", "three at once" },
	{ 15000, "m4", NULL, 1, "15000 4 0", "0 3 1", "one too many?" },
	{ 15000, "m4", NULL, 0, "15000 4 0", "0 3 0",
	    "one that is not known yet" },
	{ 15000, "m2", NULL, 1, "0 4 0", "0 3 0", "what was counted passes" },
	{ 15000, "m2", NULL, 2, "15000 4 0", "0 4 1", "not more of it" },
	{ 59999, "m5", NULL, 4, "15001 2 0", "1 4 0", "a moment before" },
	{ 60000, "m5", NULL, 4, "15000 1 0", "0 4 4", "all at once" },
	{ 60000, "m6", NULL, 9, "30000 1 0", "60000 4 0",
	    "more than ever fits" },
	{ 300000, "r1", "w1", 1, "0 1 1", "0 1 1", "a recipient" },
	{ 300000, "r2", "w1", 1, "0 2 1", "0 2 1", "and another" },
	{ 300000, "r1", "w1", 1, "0 2 0", "0 2 0", "the first again" },
	{ 300000, "w1", NULL, 2, "0 2 0", "0 2 0", "are both of the message" },
	{ 300000, "w1", NULL, 3, "0 3 1", "0 3 1", "which has one more" },
	{ 200000, "m7", NULL, 1, "0 4 1", "0 4 1", "the clock is set back" },
	{ 200000, "m8", NULL, 1, "15000 4 0", "60000 4 0",
	    "that empties nothing" },
	{ 260000, "m8", NULL, 4, "0 4 4", "0 4 4", "and holds nothing up" },
};

static void
test_steps(const char *where, struct memory *memory, bool at_once)
{
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		const struct step *s = &steps[i];
		int64_t args[MEMORY_ARGS] = { at_once ? 0 : 1,
			at_once ? 60000 : 15000, 4, s->amount };
		struct memory_question q =
		    question_of(args, at_once ? "w" : "b",
			arena_printf(arena, "%d %s", at_once, s->thing),
			s->whole == NULL
			    ? NULL
			    : arena_printf(arena, "%d %s", at_once, s->whole));
		const char *got = decide(memory, &q, START + s->when);

		is(got, at_once ? s->at_once : s->evenly, "%s, %s: %s: %s",
		    where, at_once ? "at once" : "evenly", s->what, got);
	}
}

static _Atomic int64_t taken;

/* Each message is asked about by all threads. */
static void *
take_often(void *arg)
{
	int64_t args[MEMORY_ARGS] = { 1, 1000000, 150, 1 };
	int64_t results[MEMORY_RESULTS];

	for (int i = 0; i < 200; i++) {
		char thing[32];
		struct memory_question q;

		(void)snprintf(thing, sizeof thing, "busy %d", i);
		q = question_of(args, "busy", thing, NULL);
		if (memory_store_decide(state, &q, START, results) == 0)
			taken += results[RATE_COUNTED];
	}
	return arg;
}

static void
test_threads(void)
{
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		ok(pthread_create(&threads[i], NULL, take_often, NULL) == 0,
		    "a thread");
	for (size_t i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	ok(taken == 150, "exactly as many as the limit: %d", (int)taken);
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
	test_spec();
	test_promise();
	for (int at_once = 0; at_once < 2; at_once++) {
		test_steps("memory", memory, at_once != 0);
		test_steps("store", NULL, at_once != 0);
	}
	test_threads();
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
