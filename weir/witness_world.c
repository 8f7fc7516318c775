/* witness_world.c - see witness_world.h. */
#include "weir/witness_world.h"

#include <string.h>

#include "base/arena.h"
#include "rules/memory.h"

static struct witness_world *
world_of(struct world *world)
{
	return (struct witness_world *)world;
}

static void
note(struct witness_world *w, const char *line)
{
	for (size_t i = 0; i < w->nservers; i++)
		if (strcmp(w->servers[i], line) == 0)
			return;
	if (w->nservers < WITNESS_WORLD_SERVERS)
		w->servers[w->nservers++] = line;
}

static void
ask_all(struct world *world, struct arena *arena,
    struct dns_question *questions, size_t n, int64_t deadline)
{
	struct witness_world *w = world_of(world);

	w->asked_dns = true;
	w->names->ops->ask_all(w->names, arena, questions, n, deadline);
}

static enum table_status
find(struct world *world, struct arena *arena, struct table *table,
    const char *key, struct table_value *value)
{
	struct witness_world *w = world_of(world);

	if ((table_flags(table) & TABLE_MAY_BLOCK) == 0)
		return w->names->ops->find(w->names, arena, table, key, value);
	*value = (struct table_value){ .text = "not asked" };
	w->refused = true;
	if (!w->assume)
		return TABLE_FAILED;
	note(w, arena_printf(arena, "world table %s", table_spec(table)));
	return TABLE_NONE;
}

static const char *
policy(struct world *world, struct arena *arena, const struct world_service *to,
    const char *request, int64_t deadline, const char **why)
{
	struct witness_world *w = world_of(world);

	(void)request;
	(void)deadline;
	*why = "not asked";
	w->refused = true;
	/* Without an answer it would be asked again, after a while. */
	if (!w->assume)
		return "DEFER not asked";
	note(w, arena_printf(arena, "world policy %s DUNNO", to->endpoint));
	return "DUNNO";
}

static enum world_probe
verify(struct world *world, struct arena *arena, const char *address,
    const char **text)
{
	struct witness_world *w = world_of(world);

	*text = "";
	w->refused = true;
	if (!w->assume)
		return WORLD_PROBE_FAILED;
	note(w, arena_printf(arena, "world probe %s ok", address));
	return WORLD_PROBE_OK;
}

/* What is remembered must not change for a session that nobody has, and keeps
 * nobody away who can wait: where all results are 0, a rule has nothing against
 * the mail. */
static bool
remember(struct world *world, struct arena *arena,
    const struct memory_question *question, int64_t *results, const char **why)
{
	struct witness_world *w = world_of(world);

	(void)why;
	memset(results, 0, MEMORY_RESULTS * sizeof *results);
	note(w, arena_printf(arena, "world memory %s 0", question->rule->name));
	return true;
}

static bool
spf(struct world *world, struct arena *arena, const struct spf_query *query,
    struct spf_reply *reply, int64_t deadline)
{
	struct world *names = world_of(world)->names;

	return names->ops->spf(names, arena, query, reply, deadline);
}

static int64_t
now(struct world *world)
{
	return world_now(world_of(world)->names);
}

static int64_t
mono(struct world *world)
{
	return world_mono(world_of(world)->names);
}

static uint64_t
next_random(struct world *world)
{
	struct world *names = world_of(world)->names;

	return names->ops->random(names);
}

static const struct world_ops ops = {
	.ask_all = ask_all,
	.find = find,
	.policy = policy,
	.verify = verify,
	.remember = remember,
	.spf = spf,
	.now = now,
	.mono = mono,
	.random = next_random,
};

void
witness_world_begin(struct witness_world *w, struct world *names, bool assume)
{
	memset(w, 0, sizeof *w);
	w->world.ops = &ops;
	w->names = names;
	w->assume = assume;
}
