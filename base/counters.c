/* counters.c - see counters.h. */
#include "base/counters.h"

#include <stdatomic.h>
#include <string.h>

#include "base/buf.h"
#include "base/chores.h"
#include "base/clock.h"
#include "base/state.h"

static const char map[] = "counters";

#define PAUSE CLOCK_SECOND
#define KEPT  (CLOCK_SECOND * 3600 * 24 * 400)

/* As it is written. */
struct record {
	uint64_t count;
	int64_t since;
};

/* Those of this process that have ever counted, the newest first.  There is no
 * lock: who counts must not wait for what waits for the store. */
static struct counter *_Atomic counters;
static struct state *store;
static struct chore chore;

void
counters_add(struct counter *c)
{
	counters_add_many(c, 1);
}

void
counters_add_many(struct counter *c, uint64_t times)
{
	(void)atomic_fetch_add_explicit(&c->news, times, memory_order_relaxed);
	if (atomic_load_explicit(&c->known, memory_order_relaxed) ||
	    atomic_exchange(&c->known, true))
		return;
	c->next = atomic_load(&counters);
	while (!atomic_compare_exchange_weak(&counters, &c->next, c))
		continue;
}

static void
renew(void *arg, const char *value, size_t n, struct buf *out)
{
	struct record record = { .since = clock_now() };

	/* What is not of this form was written by nobody we know. */
	if (value != NULL && n == sizeof record)
		memcpy(&record, value, sizeof record);
	record.count += *(const uint64_t *)arg;
	buf_put(out, &record, sizeof record);
}

static int64_t
run(struct chore *this)
{
	uint64_t news;

	(void)this;
	for (struct counter *c = atomic_load(&counters); c != NULL;
	     c = c->next) {
		news = atomic_exchange(&c->news, 0);
		if (news != 0 &&
		    state_update(store, map, c->name, renew, &news,
			clock_now() + KEPT) != 0)
			(void)atomic_fetch_add(&c->news, news);
	}
	return PAUSE;
}

void
counters_start(struct state *state)
{
	store = state;
	chore.run = run;
	chores_add(&chore);
}

void
counters_stop(void)
{
	if (store == NULL)
		return;
	chores_remove(&chore);
	(void)run(&chore);
	store = NULL;
}

struct listing {
	void (*fn)(void *arg, const char *name, uint64_t count, int64_t since);
	void *arg;
};

static void
list(void *arg, const char *key, const char *value, size_t n)
{
	const struct listing *l = arg;
	struct record record;

	if (n != sizeof record)
		return;
	memcpy(&record, value, sizeof record);
	l->fn(l->arg, key, record.count, record.since);
}

int
counters_each(struct state *state,
    void (*fn)(void *arg, const char *name, uint64_t count, int64_t since),
    void *arg)
{
	struct listing l = { fn, arg };

	return state_each(state, map, clock_now(), list, &l);
}
