/* The desk of a hall: everything is done once, in order, by one worker, however
 * much is given meanwhile. */
#include "policy/policy_desk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/state.h"
#include "base/workers.h"
#include "t/tap.h"

enum { ITEMS = 500, TIMES = 3 };

struct thing {
	struct policy_desk_item item; /* first */
	int runs, backs;
};

static char dir[] = "/tmp/weir-policy_desk-XXXXXX";
static struct thing things[ITEMS];
static struct policy_desk *desk;
static struct loop *loop;
static struct state *state;
static pthread_t looping;
static atomic_int inside;
static int order, backs, crowded, misplaced, disordered;

static void
run(struct policy_desk_item *item, struct arena *arena)
{
	struct thing *t = (struct thing *)item;

	crowded += atomic_fetch_add(&inside, 1) != 0;
	misplaced += pthread_equal(pthread_self(), looping) != 0;
	disordered += order++ % ITEMS != (int)(t - things);
	(void)arena_strdup(arena, "something");
	(void)state_put(state, "m", "k", "v", 0);
	t->runs++;
	atomic_fetch_sub(&inside, 1);
}

static void
back(struct policy_desk_item *item)
{
	struct thing *t = (struct thing *)item;

	misplaced += pthread_equal(pthread_self(), looping) == 0;
	t->backs++;
	if (t->backs < TIMES)
		policy_desk_give(desk, item);
	if (++backs == ITEMS * TIMES)
		loop_stop(loop);
}

static void
test_all(void)
{
	bool all = true;

	for (int i = 0; i < ITEMS; i++) {
		things[i].item =
		    (struct policy_desk_item){ .run = run, .back = back };
		policy_desk_give(desk, &things[i].item);
	}
	loop_run(loop);
	for (int i = 0; i < ITEMS; i++)
		all =
		    all && things[i].runs == TIMES && things[i].backs == TIMES;
	ok(all, "everything is done and comes back");
	ok(disordered == 0, "in order");
	ok(crowded == 0, "by one worker at a time");
	ok(misplaced == 0, "and never by the loop");
}

int
main(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "mark",
		"users" };
	struct workers *workers = workers_new(4, 0);
	struct arena *a = arena_new();
	struct err err = { 0 };
	char path[64], *value;

	ok(mkdtemp(dir) != NULL, "a directory");
	state = state_open(dir, &err);
	ok(state != NULL, "open: %s", err.text);
	loop = loop_new();
	looping = pthread_self();
	desk = policy_desk_new(loop, workers, state);
	test_all();
	workers_free(workers);
	policy_desk_free(desk);
	loop_free(loop);
	ok(state_get(state, "m", "k", 0, a, &value) == 1, "what it left stays");
	state_close(state);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	arena_free(a);
	return done_testing();
}
