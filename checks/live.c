/* live.c - see live.h. */
#include "checks/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/fatal.h"
#include "checks/memory_redis.h"
#include "checks/memory_store.h"
#include "checks/spf_client.h"
#include "checks/spf_evaluate.h"
#include "checks/spf_memo.h"

struct live {
	struct world world; /* first */
	struct live_settings settings;
	struct policy_client *policy;
	struct state *state;   /* what is remembered */
	struct memory *memory; /* the same, of a trial */
};

static struct live *
live_of(struct world *world)
{
	return (struct live *)world;
}

static void
ask_all(struct world *world, struct arena *arena,
    struct dns_question *questions, size_t n, int64_t deadline)
{
	(void)world;
	dns_ask_all(questions, n, deadline, arena);
}

static enum table_status
find(struct world *world, struct arena *arena, struct table *table,
    const char *key, struct table_value *value)
{
	(void)world;
	return table_find(table, arena, key, value);
}

static enum table_hint
hint(struct world *world, struct table *table, const char *text, size_t len)
{
	(void)world;
	return table_hint(table, text, len);
}

static const char *
policy(struct world *world, struct arena *arena, const struct world_service *to,
    const char *request, int64_t deadline, const char **why)
{
	return policy_client_ask(
	    live_of(world)->policy, arena, to, request, deadline, why);
}

static enum world_probe
verify(struct world *world, struct arena *arena, const char *address,
    const char **text)
{
	const struct live_settings *s = &live_of(world)->settings;

	if (s->verify == NULL)
		return WORLD_PROBE_FAILED;
	return s->verify(s->verify_arg, arena, address, text);
}

static bool
remember(struct world *world, struct arena *arena,
    const struct memory_question *question, int64_t *results, const char **why)
{
	const struct live *live = live_of(world);
	int64_t now = clock_now() / CLOCK_MS;

	if (live->settings.memory_passes) {
		memset(results, 0, MEMORY_RESULTS * sizeof *results);
		return true;
	}
	if (live->memory != NULL) {
		memory_decide(live->memory, question, now, results);
		return true;
	}
	if (live->settings.memory_server != NULL)
		return memory_redis_decide(live->settings.memory_server, arena,
			   question, now, results, why) == 0;
	*why = "weir_memory_store cannot be used";
	if (live->settings.memory_away)
		return false;
	*why = "the state store cannot be used";
	return live->state != NULL &&
	    memory_store_decide(live->state, question, now, results) == 0;
}

static bool
spf(struct world *world, struct arena *arena, const struct spf_query *query,
    struct spf_reply *reply, int64_t deadline)
{
	const char *path = live_of(world)->settings.spf_socket;

	if (path != NULL)
		return spf_client_ask(path, arena, query, reply, deadline);
	spf_evaluate(arena, query, reply);
	return true;
}

static int64_t
now(struct world *world)
{
	(void)world;
	return clock_now();
}

static int64_t
mono(struct world *world)
{
	(void)world;
	return clock_mono();
}

/* Not for secrets: trace ids, choices between equals. */
static uint64_t
random_number(struct world *world)
{
	static _Thread_local uint64_t state;

	(void)world;
	if (state == 0 &&
	    (getrandom(&state, sizeof state, 0) != sizeof state || state == 0))
		state = (uint64_t)clock_now() | 1;
	state ^= state << 13; /* xorshift64 */
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static const struct world_ops ops = {
	.ask_all = ask_all,
	.find = find,
	.hint = hint,
	.policy = policy,
	.verify = verify,
	.remember = remember,
	.spf = spf,
	.now = now,
	.mono = mono,
	.random = random_number,
};

struct world *
live_open(const struct live_settings *settings)
{
	struct live *live = calloc(1, sizeof *live);

	if (live == NULL)
		fatal("out of memory");
	live->world.ops = &ops;
	live->settings = *settings;
	live->world.spf_memo =
	    settings->spf_socket != NULL ? spf_memo_new() : NULL;
	live->policy = policy_client_new(&settings->policy);
	if (settings->fresh_memory)
		live->memory = memory_new();
	return &live->world;
}

void
live_close(struct world *world)
{
	if (world == NULL)
		return;
	policy_client_free(live_of(world)->policy);
	memory_free(live_of(world)->memory);
	memory_redis_close(live_of(world)->settings.memory_server);
	spf_memo_free(world->spf_memo);
	free(live_of(world));
}

void
live_keep(struct world *world, struct state *state)
{
	live_of(world)->state = state;
}

bool
live_keeps(struct world *world)
{
	const struct live *live = live_of(world);

	return live->state != NULL && live->settings.memory_server == NULL &&
	    !live->settings.memory_away;
}
