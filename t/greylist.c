/* What greylisting remembers, in a process's memory and in the store, which must
 * decide alike (G-22, G-25); the keys of triplets; and a store that cannot be
 * used (hostile 75). */
#include "checks/greylist.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/state.h"
#include "checks/greylist_rule.h"
#include "checks/memory_store.h"
#include "t/tap.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define START  (INT64_C(1700000000) * SECOND)

static char dir[] = "/tmp/weir-greylist-XXXXXX";
static struct arena *arena;
static struct state *state;

/* One attempt: when, of which triplet, client and message, and what comes of it:
 * "why wait delayed", in seconds. */
struct attempt {
	int64_t when;
	const char *triplet, *client, *message, *result, *what;
};

/* Delay 5 minutes, window 2 days, age 35 days, 2 successes. */
static const struct attempt attempts[] = {
	{ 0, "t1", "c1", "m1", "new 300 0", "never seen" },
	{ MINUTE, "t1", "c1", "m2", "early 240 0", "too early" },
	{ 5 * MINUTE - 1, "t1", "c1", "m3", "early 0.001 0", "a moment more" },
	{ 5 * MINUTE, "t1", "c1", "m4", "waited 0 300", "after five minutes" },
	{ 5 * MINUTE, "t1", "c1", "m4", "known 0 300", "from then on" },
	{ DAY, "t1", "c1", "m5", "known 0 86400", "it is known" },
	{ 30 * DAY, "t1", "c1", "m6", "known 0 2592000", "for as long" },
	{ 64 * DAY, "t1", "c1", "m7", "known 0 5529600", "as it is used" },
	{ 99 * DAY, "t1", "c1", "m8", "new 300 0", "and then no more" },
	/* The window. */
	{ 100 * DAY, "t2", "c2", "m1", "new 300 0", "another triplet" },
	{ 102 * DAY, "t2", "c2", "m2", "waited 0 172800", "in the window" },
	{ 100 * DAY, "t3", "c3", "m1", "new 300 0", "one more" },
	{ 102 * DAY + 1, "t3", "c3", "m2", "new 300 0", "behind the window" },
	/* Recipients of one message. */
	{ 110 * DAY, "t4", "c4", "n1", "new 300 0", "to one" },
	{ 110 * DAY, "t5", "c4", "n1", "new 300 0", "to another" },
	{ 110 * DAY + HOUR, "t4", "c4", "n2", "waited 0 3600", "has waited" },
	{ 110 * DAY + HOUR, "t5", "c4", "n2", "again 0 3600",
	    "so has the other, which is not said twice" },
	/* That was one success of the client, as they were in one hour. */
	{ 111 * DAY, "t6", "c4", "o1", "new 300 0", "not yet allowed" },
	{ 111 * DAY + HOUR, "t6", "c4", "o2", "waited 0 3600", "twice" },
	{ 111 * DAY + HOUR, "t7", "c4", "o3", "allowed 0 0", "is enough" },
	{ 111 * DAY + HOUR, "t7", "c5", "o3", "new 300 0", "for that client" },
	{ 140 * DAY, "t8", "c4", "o4", "allowed 0 0", "a month later" },
	{ 174 * DAY, "t8", "c4", "o5", "allowed 0 0", "and another" },
	{ 210 * DAY, "t8", "c4", "o6", "new 300 0", "then it is forgotten" },
	/* The clock is set back. */
	{ 300 * DAY, "t9", "c6", "p1", "new 300 0", "in the future" },
	{ 200 * DAY, "t9", "c6", "p2", "early 300 0",
	    "is no time to wait for" },
	{ 200 * DAY + HOUR, "t9", "c6", "p3", "waited 0 3600", "five minutes" },
};

static const char *
result_text(const int64_t *results)
{
	static const char *const names[] = { [GREYLIST_NEW] = "new",
		[GREYLIST_EARLY] = "early",
		[GREYLIST_WAITED] = "waited",
		[GREYLIST_WAITED_AGAIN] = "again",
		[GREYLIST_KNOWN] = "known",
		[GREYLIST_ALLOWED] = "allowed" };

	return arena_printf(arena, "%s %.10g %.10g",
	    names[results[GREYLIST_WHY]],
	    (double)results[GREYLIST_WAIT] / SECOND,
	    (double)results[GREYLIST_DELAYED] / SECOND);
}

static struct memory_question
question_of(const struct attempt *a, int64_t most)
{
	return (struct memory_question){
		.rule = &greylist_rule,
		.keys = { a->triplet, a->client, a->message },
		.args = { [GREYLIST_DELAY] = 5 * MINUTE,
		    [GREYLIST_RETRY_WINDOW] = 2 * DAY,
		    [GREYLIST_MAX_AGE] = 35 * DAY,
		    [GREYLIST_AUTO_ALLOW] = most },
	};
}

static void
test_rule(const char *where, struct memory *memory)
{
	int64_t results[MEMORY_RESULTS];

	for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
		const struct attempt *a = &attempts[i];
		struct memory_question q = question_of(a, 2);
		int64_t now = START + a->when;

		if (memory != NULL)
			memory_decide(memory, &q, now, results);
		else if (memory_store_decide(state, &q, now, results) != 0)
			results[GREYLIST_WHY] = GREYLIST_NEW;
		is(result_text(results), a->result, "%s: %s", where, a->what);
	}
}

/* Without automatic allowance a client is not remembered. */
static void
test_never_allowed(void)
{
	struct memory *memory = memory_new();
	struct attempt a = { 0, "", "c", "", NULL, NULL };
	int64_t results[MEMORY_RESULTS];
	bool allowed = false;

	for (int i = 0; i < 20; i++) {
		struct memory_question q;

		a.triplet = arena_printf(arena, "t%d", i / 2);
		a.message = arena_printf(arena, "m%d", i);
		q = question_of(&a, 0);
		memory_decide(memory, &q, START + i * DAY, results);
		allowed = allowed || results[GREYLIST_WHY] == GREYLIST_ALLOWED;
	}
	ok(!allowed, "0: never");
	memory_free(memory);
}

static void *
decide_often(void *arg)
{
	struct attempt a = { 0, "t", "busy", "", NULL, NULL };
	int64_t results[MEMORY_RESULTS];

	for (int i = 0; i < 100; i++) {
		struct memory_question q;
		char triplet[64];

		(void)snprintf(
		    triplet, sizeof triplet, "busy%s%d", (char *)arg, i);
		a.triplet = a.message = triplet;
		q = question_of(&a, 1000000);
		(void)memory_store_decide(state, &q, START, results);
		/* Each an hour later, so that all of them count. */
		(void)memory_store_decide(
		    state, &q, START + (i + 1) * HOUR, results);
	}
	return arg;
}

static int64_t counted;

static void
find_busy(void *arg, const char *key, const char *value, size_t n)
{
	(void)arg;
	if (strcmp(key, "busy") == 0 && n >= sizeof counted)
		memcpy(&counted, value, sizeof counted);
}

/* Threads do not lose each other's changes. */
static void
test_threads(void)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		ok(pthread_create(&threads[i], NULL, decide_often, names[i]) ==
			0,
		    "a thread");
	for (size_t i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	(void)state_each(
	    state, "greylist_client", START * CLOCK_MS, find_busy, NULL);
	ok(counted >= 100 && counted <= 400, "each success is counted: %d",
	    (int)counted);
}

static void
test_sender(void)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "joe@example.net", "joe@example.net" },
		{ "joe", "joe" },
		{ "joe+tag@example.net", "joe@example.net" },
		{ "bounce-1234-me@example.net", "bounce-#-me@example.net" },
		{ "v2.99.x7@example.net", "v2.#.x7@example.net" },
		{ "12_3@example.net", "12_3@example.net" },
		{ "2026@2026.example", "#@2026.example" },
		{ "+1@example.net", "@example.net" },
		{ "prvs=0123456789=joe@example.net", "joe@example.net" },
		{ "prvs=joe=0123456789@example.net", "joe@example.net" },
		{ "prvs=0123456789=abcdefghij@example.net",
		    "abcdefghij@example.net" },
		{ "prvs=jim=joe@example.net", "joe@example.net" },
		{ "prvs=a=b=c@example.net", "prvs=a=b=c@example.net" },
		{ "prvs=joe@example.net", "prvs=joe@example.net" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(greylist_sender(arena, cases[i][0]), cases[i][1],
		    "sender %s", cases[i][0]);
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
	test_rule("memory", memory);
	test_rule("store", NULL);
	test_never_allowed();
	test_threads();
	test_sender();
	(void)state_put(state, "greylist", "torn", "no numbers", 0);
	{
		struct attempt a = { 0, "torn", "c9", "m", NULL, NULL };
		struct memory_question q = question_of(&a, 2);
		int64_t results[MEMORY_RESULTS];

		ok(memory_store_decide(state, &q, START, results) == 0,
		    "an entry that is none");
		is(result_text(results), "new 300 0", "is not there");
	}
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
