/* watch.c - see watch.h. */
#include "rules/watch.h"

#include <stdlib.h>

#include "base/fatal.h"

struct watch {
	struct world world; /* first */
	struct world *under;
	void (*told)(void *arg, const struct watch_find *find);
	void *arg;
};

static struct world *
under(struct world *world)
{
	return ((struct watch *)world)->under;
}

static void
ask_all(struct world *world, struct arena *arena,
    struct dns_question *questions, size_t n, int64_t deadline)
{
	world_dns_all(under(world), arena, questions, n, deadline);
}

static enum table_status
find(struct world *world, struct arena *arena, struct table *table,
    const char *key, struct table_value *value)
{
	const struct watch *w = (struct watch *)world;
	struct watch_find made = {
		.table = table,
		.key = key,
		.status = world_find(w->under, arena, table, key, value),
		.value = value,
	};

	w->told(w->arg, &made);
	return made.status;
}

static const char *
policy(struct world *world, struct arena *arena, const struct world_service *to,
    const char *request, int64_t deadline, const char **why)
{
	return under(world)->ops->policy(
	    under(world), arena, to, request, deadline, why);
}

static enum world_probe
verify(struct world *world, struct arena *arena, const char *address,
    const char **text)
{
	return under(world)->ops->verify(under(world), arena, address, text);
}

static bool
remember(struct world *world, struct arena *arena,
    const struct memory_question *question, int64_t *results, const char **why)
{
	return world_remember(under(world), arena, question, results, why);
}

static int64_t
now(struct world *world)
{
	return world_now(under(world));
}

static int64_t
mono(struct world *world)
{
	return world_mono(under(world));
}

static uint64_t
random_number(struct world *world)
{
	return under(world)->ops->random(under(world));
}

static const struct world_ops ops = {
	.ask_all = ask_all,
	.find = find,
	.policy = policy,
	.verify = verify,
	.remember = remember,
	.now = now,
	.mono = mono,
	.random = random_number,
};

struct world *
watch_open(struct world *world,
    void (*told)(void *arg, const struct watch_find *find), void *arg)
{
	struct watch *w = calloc(1, sizeof *w);

	if (w == NULL)
		fatal("out of memory");
	*w = (struct watch){ .world = { .ops = &ops },
		.under = world,
		.told = told,
		.arg = arg };
	return &w->world;
}

void
watch_close(struct world *watch)
{
	free((struct watch *)watch);
}
