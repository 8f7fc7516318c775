/* Changes that are written together, those of others beside them, and what
 * happens where they cannot be written. */
#include "base/state_group.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/state.h"
#include "base/state_ring.h"
#include "t/tap.h"

enum { THREADS = 4, ROUNDS = 100, TOGETHER = 10, LARGE = 2000 };

static char dir[] = "/tmp/weir-state_group-XXXXXX";
static char large[LARGE];

/* A counter: one digit more each time. */
static void
count(void *arg)
{
	static _Thread_local char text[32];
	struct state_cell *cell = arg;
	long n = cell->value != NULL ? strtol(cell->value, NULL, 10) : 0;

	cell->nput = (size_t)snprintf(text, sizeof text, "%ld ", n + 1);
	cell->put = text;
}

static int
add(struct state *s, const char *key)
{
	struct state_cell cell = { .map = "m", .key = key };

	return state_change(s, &cell, 1, 0, count, &cell);
}

/* More than a value may have. */
static void
ask_too_much(void *arg)
{
	struct state_cell *cell = arg;

	cell->put = "";
	cell->nput = (size_t)5 << 30;
}

static void
put_large(void *arg)
{
	struct state_cell *cell = arg;

	cell->put = large;
	cell->nput = sizeof large;
}

static long
counted(struct state *s, struct arena *a, const char *key)
{
	char *value;

	return state_get(s, "m", key, 0, a, &value) == 1
	    ? strtol(value, NULL, 10)
	    : 0;
}

static void *
look(void *arg)
{
	struct arena *a = arena_new();
	static long seen;

	seen = counted(arg, a, "a");
	arena_free(a);
	return &seen;
}

static long
seen_by_others(struct state *s)
{
	pthread_t thread;
	void *seen;

	if (pthread_create(&thread, NULL, look, s) != 0 ||
	    pthread_join(thread, &seen) != 0)
		return -1;
	return *(long *)seen;
}

static void
test_group(struct state *s, struct arena *a)
{
	struct state_item item = { "x", 1 };

	state_group_open(s);
	ok(add(s, "a") == 0 && add(s, "a") == 0, "two changes");
	ok(state_put(s, "m", "b", "7", 0) == 0 &&
		state_ring_put(s, "r", &item, 1, 5) == 0,
	    "and of other kinds");
	ok(seen_by_others(s) == 0, "nobody sees them yet");
	ok(state_group_close(s) == 0, "they are written");
	ok(seen_by_others(s) == 2, "the second one has seen the first");
	ok(counted(s, a, "b") == 7, "all of them are there");
	state_group_open(s);
	ok(state_group_close(s) == 0, "a group of none");
	ok(add(s, "a") == 0 && seen_by_others(s) == 3, "and one without");
}

static void
test_refused(struct state *s, struct arena *a)
{
	struct state_cell cell = { .map = "m", .key = "huge" };

	state_group_open(s);
	ok(add(s, "c") == 0, "a change");
	ok(state_change(s, &cell, 1, 0, ask_too_much, &cell) == -1,
	    "one that cannot be stored");
	ok(add(s, "d") == 0, "the next one stands alone");
	ok(counted(s, a, "d") == 1, "at once");
	ok(state_group_close(s) == 0, "the end");
	ok(counted(s, a, "c") == 0, "the first one is lost with the second");
	state_group_open(s);
	ok(add(s, "c") == 0 && counted(s, a, "c") == 0,
	    "changes share a transaction again");
	ok(state_group_close(s) == 0 && counted(s, a, "c") == 1, "written");
}

static void
limit(rlim_t octets)
{
	struct rlimit r = { octets, RLIM_INFINITY };

	ok(setrlimit(RLIMIT_FSIZE, &r) == 0, "a limit");
}

/* A full disk. */
static void
test_full(struct state *s, struct arena *a)
{
	struct state_cell cell = { .map = "m" };
	char path[64], key[16];
	struct stat st;
	int failed = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)snprintf(path, sizeof path, "%s/data.mdb", dir);
	ok(stat(path, &st) == 0, "the file");
	limit((rlim_t)st.st_size);
	state_group_open(s);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof key, "l%d", i);
		cell.key = key;
		failed |= state_change(s, &cell, 1, 0, put_large, &cell);
	}
	ok(failed == 0 && state_group_close(s) == -1, "nothing is written");
	ok(state_get(s, "m", "l1", 0, a, &(char *){ NULL }) == 0, "of none");
	state_group_open(s);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof key, "l%d", i);
		cell.key = key;
		failed |= state_change(s, &cell, 1, 0, put_large, &cell);
	}
	ok(failed == -1, "from then on it is told at once");
	ok(state_group_close(s) == 0, "by each");
	limit(RLIM_INFINITY);
	ok(add(s, "e") == 0, "there is room again");
	state_group_open(s);
	ok(add(s, "e") == 0 && counted(s, a, "e") == 1, "and groups");
	ok(state_group_close(s) == 0 && counted(s, a, "e") == 2, "are written");
}

static void *
add_many(void *arg)
{
	bool good = true;

	for (int i = 0; i < ROUNDS; i++) {
		state_group_open(arg);
		for (int j = 0; j < TOGETHER; j++)
			good = good && add(arg, "shared") == 0;
		good = good && state_group_close(arg) == 0;
	}
	return good ? arg : NULL;
}

static void
test_threads(struct state *s, struct arena *a)
{
	pthread_t threads[THREADS];
	void *result;
	int good = 0;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, add_many, s) != 0)
			abort();
	for (int i = 0; i < THREADS; i++)
		good += pthread_join(threads[i], &result) == 0 && result == s;
	ok(good == THREADS, "groups of several threads");
	ok(counted(s, a, "shared") == (long)THREADS * ROUNDS * TOGETHER,
	    "no change is lost");
}

int
main(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "mark",
		"users" };
	struct arena *a = arena_new();
	struct err err = { 0 };
	struct state *s;
	char path[64];

	ok(mkdtemp(dir) != NULL, "a directory");
	s = state_open(dir, &err);
	ok(s != NULL, "open: %s", err.text);
	test_group(s, a);
	test_refused(s, a);
	test_threads(s, a);
	test_full(s, a);
	state_close(s);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	arena_free(a);
	return done_testing();
}
