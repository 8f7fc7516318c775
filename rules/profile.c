/* profile.c - see profile.h.  A table's record is an entry for each rule, as
 * they stand in memory. */
#include "rules/profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/chores.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/state.h"

static const char map[] = "rules";

#define PAUSE CLOCK_SECOND
#define KEPT  (CLOCK_SECOND * 3600 * 24 * 90)

/* What has not been written yet. */
struct counter {
	unsigned line; /* 0: no rule that could match */
	uint32_t hash;
	_Atomic uint64_t hits, tries, time;
	_Atomic int64_t last;
};

struct profile {
	struct profile *next;
	char *name;
	size_t count;
	atomic_bool news;
	bool listed, gone; /* gone: the table is closed */
	struct counter rules[];
};

/* Shared state: tables of this process, under the lock, which nobody has while
 * he waits for the store.  As long as there is one, only run() takes them out. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct profile *profiles;
static struct state *store;
static bool times;
static struct chore chore;

struct profile *
profile_new(const char *name, size_t count)
{
	struct profile *p = calloc(1, sizeof *p + count * sizeof p->rules[0]);

	if (p == NULL || (p->name = strdup(name)) == NULL)
		fatal("out of memory");
	p->count = count;
	/* A table of which no rule ever matches has a record, too. */
	p->news = true;
	return p;
}

void
profile_rule(struct profile *p, size_t i, unsigned line, uint32_t hash)
{
	p->rules[i].line = line;
	p->rules[i].hash = hash;
}

void
profile_ready(struct profile *p)
{
	(void)pthread_mutex_lock(&lock);
	p->listed = true;
	p->next = profiles;
	profiles = p;
	(void)pthread_mutex_unlock(&lock);
}

/* Where entries can be read: a value may stand anywhere. */
static void *
copy_of(const char *value, size_t n)
{
	void *p = malloc(n + 1);

	if (p == NULL)
		fatal("out of memory");
	if (n > 0)
		memcpy(p, value, n);
	return p;
}

/* The older entries, and where the one for the next rule is likely to be. */
struct older {
	const struct profile_entry *entries;
	size_t count, next;
};

static const struct profile_entry *
find_older(struct older *older, uint32_t hash)
{
	for (size_t i = older->next; i < older->count; i++)
		if (older->entries[i].hash == hash) {
			older->next = i + 1;
			return &older->entries[i];
		}
	return NULL;
}

static void
add_news(struct profile_entry *e, struct counter *c)
{
	int64_t last = atomic_exchange(&c->last, 0);

	e->hits += atomic_exchange(&c->hits, 0);
	e->tries += atomic_exchange(&c->tries, 0);
	e->time += atomic_exchange(&c->time, 0);
	if (last > e->last)
		e->last = last;
}

/* The record as it is now, made of the one there was. */
static void
renew(void *arg, const char *value, size_t n, struct buf *out)
{
	struct profile *p = arg;
	struct older older = { .count = n / sizeof *older.entries };
	const struct profile_entry *found;
	struct profile_entry e;
	void *copy = copy_of(value, n);

	older.entries = copy;
	for (size_t i = 0; i < p->count; i++) {
		if (p->rules[i].line == 0)
			continue;
		found = find_older(&older, p->rules[i].hash);
		e = found != NULL ? *found : (struct profile_entry){ 0 };
		e.line = p->rules[i].line;
		e.hash = p->rules[i].hash;
		add_news(&e, &p->rules[i]);
		buf_put(out, &e, sizeof e);
	}
	free(copy);
}

static void
write_news(struct profile *p)
{
	if (atomic_exchange(&p->news, false))
		(void)state_update(
		    store, map, p->name, renew, p, clock_now() + KEPT);
}

static void
destroy(struct profile *p)
{
	free(p->name);
	free(p);
}

/* With the lock. */
static void
take_out(struct profile *p)
{
	struct profile **link = &profiles;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
}

/* Write those of tables that are closed, which end, or of the others. */
static void
write_some(bool gone)
{
	struct profile *p, *next;
	bool wanted;

	(void)pthread_mutex_lock(&lock);
	p = profiles;
	(void)pthread_mutex_unlock(&lock);
	for (; p != NULL; p = next) {
		(void)pthread_mutex_lock(&lock);
		next = p->next;
		wanted = p->gone == gone;
		if (wanted && gone)
			take_out(p);
		(void)pthread_mutex_unlock(&lock);
		if (!wanted)
			continue;
		write_news(p);
		if (gone)
			destroy(p);
	}
}

/* A table that has been opened anew has the last word. */
static int64_t
run(struct chore *this)
{
	(void)this;
	write_some(true);
	write_some(false);
	return PAUSE;
}

void
profile_start(struct state *state, bool timed)
{
	store = state;
	times = timed;
	chore.run = run;
	chores_add(&chore);
}

void
profile_stop(void)
{
	if (store == NULL)
		return;
	chores_remove(&chore);
	(void)run(&chore);
	(void)pthread_mutex_lock(&lock);
	store = NULL;
	(void)pthread_mutex_unlock(&lock);
}

void
profile_free(struct profile *p)
{
	bool mine;

	if (p == NULL)
		return;
	(void)pthread_mutex_lock(&lock);
	mine = store == NULL || !p->listed;
	p->gone = true;
	if (mine && p->listed)
		take_out(p);
	(void)pthread_mutex_unlock(&lock);
	if (mine)
		destroy(p);
}

static void
count(_Atomic uint64_t *counter, uint64_t n)
{
	(void)atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void
tell(struct profile *p)
{
	if (!atomic_load_explicit(&p->news, memory_order_relaxed))
		p->news = true;
}

void
profile_hit(struct profile *p, size_t i)
{
	if (p == NULL || store == NULL)
		return;
	count(&p->rules[i].hits, 1);
	p->rules[i].last = clock_now();
	tell(p);
}

bool
profile_timed(void)
{
	return times;
}

void
profile_tried(struct profile *p, size_t i, int64_t time)
{
	if (p == NULL || store == NULL)
		return;
	count(&p->rules[i].tries, 1);
	count(&p->rules[i].time, (uint64_t)time);
	tell(p);
}

struct listing {
	void (*fn)(void *arg, const char *name,
	    const struct profile_entry *entries, size_t count);
	void *arg;
};

static void
list(void *arg, const char *key, const char *value, size_t n)
{
	const struct listing *l = arg;
	void *copy = copy_of(value, n);

	l->fn(l->arg, key, copy, n / sizeof(struct profile_entry));
	free(copy);
}

int
profile_each(struct state *state,
    void (*fn)(void *arg, const char *name, const struct profile_entry *entries,
	size_t count),
    void *arg)
{
	struct listing l = { fn, arg };

	return state_each(state, map, clock_now(), list, &l);
}
