/* remembered.c - see remembered.h. */
#include "checks/remembered.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/state.h"
#include "base/state_list.h"
#include "checks/memory_redis.h"

static const struct remembered_map maps[] = {
	{ "greylist", "greylist", false },
	{ "greylist", "greylist_client", false },
	{ "greylist", "greylist_message", true },
	{ "rate_limit", "rate_limit", false },
	{ "rate_limit", "rate_limit_thing", true },
	{ "reputation", "reputation_good", false },
	{ "reputation", "reputation_bad", false },
	{ NULL, NULL, false },
};

const struct remembered_map *
remembered_maps(void)
{
	return maps;
}

/* Somebody's question, of what the embedded store has. */
struct question {
	const char *map;
	void (*fn)(void *arg, const struct memory_entry *entry);
	bool (*gone)(void *arg, const struct memory_entry *entry);
	void *arg;
};

/* What is not of this form was written by nobody we know. */
static bool
read_cell(const struct question *q, const struct state_cell *cell,
    struct memory_entry *entry)
{
	*entry = (struct memory_entry){ .map = q->map,
		.key = cell->key,
		.expires = cell->expires / CLOCK_MS };
	if (cell->value == NULL || cell->n != sizeof entry->number)
		return false;
	memcpy(entry->number, cell->value, sizeof entry->number);
	return true;
}

static void
tell_cell(void *arg, const struct state_cell *cell)
{
	const struct question *q = arg;
	struct memory_entry entry;

	if (read_cell(q, cell, &entry))
		q->fn(q->arg, &entry);
}

static bool
ask_cell(void *arg, const struct state_cell *cell)
{
	const struct question *q = arg;
	struct memory_entry entry;

	(void)read_cell(q, cell, &entry);
	return q->gone(q->arg, &entry);
}

int
remembered_each(const struct remembered_place *place, const char *map,
    int64_t now, void (*fn)(void *arg, const struct memory_entry *entry),
    void *arg, struct err *err)
{
	struct question q = { .map = map, .fn = fn, .arg = arg };

	if (place->server != NULL)
		return memory_redis_each(place->server, map, fn, arg, err);
	if (state_list_each(place->state, map, now * CLOCK_MS, tell_cell, &q) ==
	    0)
		return 0;
	err_set(err, "the state store cannot be read");
	return -1;
}

/* Of a server: all are gone through, and those removed that are to go. */
struct removal {
	const struct question *q;
	struct memory_redis *server;
	int64_t count;
	struct err *err;
	bool failed;
};

static void
remove_one(void *arg, const struct memory_entry *entry)
{
	struct removal *r = arg;
	int removed;

	if (r->failed || !r->q->gone(r->q->arg, entry))
		return;
	removed =
	    memory_redis_forget(r->server, entry->map, entry->key, r->err);
	r->failed = removed < 0;
	r->count += removed > 0;
}

int64_t
remembered_forget(const struct remembered_place *place, const char *map,
    int64_t now, bool (*gone)(void *arg, const struct memory_entry *entry),
    void *arg, struct err *err)
{
	struct question q = { .map = map, .gone = gone, .arg = arg };
	struct removal r = { &q, place->server, 0, err, false };
	int64_t count;

	if (place->server != NULL)
		return memory_redis_each(
			   place->server, map, remove_one, &r, err) != 0 ||
			r.failed
		    ? -1
		    : r.count;
	count =
	    state_list_forget(place->state, map, now * CLOCK_MS, ask_cell, &q);
	if (count < 0)
		err_set(err, "the state store cannot be written");
	return count;
}
