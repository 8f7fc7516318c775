/* Decisions with memory on a Redis server: the rule's script decides as the rule
 * does, whoever asks, and a server that is away is "could not ask". */
#include "checks/memory_redis.h"

#include "checks/greylist_rule.h"
#include "checks/rate_rule.h"
#include "checks/reputation_rule.h"
#include "t/servers.h"

#define ACCOUNT "password = secret\nhost = 127.0.0.1:%u\n"
#define START   (INT64_C(1700000000) * 1000)
#define HOUR    (INT64_C(3600) * 1000)

static struct arena *arena;
static uint64_t seed = 1;

static unsigned
pick(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static struct memory_redis *
open_server(const char *name, const char *format, ...)
{
	struct err err = { "" };
	struct memory_redis *m;
	char text[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	put_file(name, text);
	m = memory_redis_open(
	    arena_printf(arena, "redis:%s", path_of(name)), NULL, &err);
	ok(m != NULL, "%s %s", name, err.text);
	return m;
}

static struct memory_question
question_of(
    const char *triplet, const char *client, const char *message, int64_t most)
{
	return (struct memory_question){
		.rule = &greylist_rule,
		.keys = { triplet, client, message },
		.args = { [GREYLIST_DELAY] = HOUR / 12,
		    [GREYLIST_RETRY_WINDOW] = 48 * HOUR,
		    [GREYLIST_MAX_AGE] = 840 * HOUR,
		    [GREYLIST_AUTO_ALLOW] = most },
	};
}

/* "why wait delayed", or why not. */
static const char *
decide(struct memory_redis *m, const struct memory_question *q, int64_t now)
{
	int64_t results[MEMORY_RESULTS] = { 9, 9, 9 };
	const char *why = "";

	if (memory_redis_decide(m, arena, q, now, results, &why) != 0)
		return arena_printf(arena, "! %s", why);
	return arena_printf(arena, "%lld %lld %lld",
	    (long long)results[GREYLIST_WHY], (long long)results[GREYLIST_WAIT],
	    (long long)results[GREYLIST_DELAYED]);
}

static const char *
decide_here(struct memory *m, const struct memory_question *q, int64_t now)
{
	int64_t results[MEMORY_RESULTS];

	memory_decide(m, q, now, results);
	return arena_printf(arena, "%lld %lld %lld",
	    (long long)results[GREYLIST_WHY], (long long)results[GREYLIST_WAIT],
	    (long long)results[GREYLIST_DELAYED]);
}

/* Attempts at random, also with a clock that jumps. */
static void
test_script(struct memory_redis *m)
{
	static const int64_t steps[] = { 0, 1, HOUR / 12 - 1, HOUR / 12, HOUR,
		48 * HOUR, 840 * HOUR, -HOUR };
	struct memory *here = memory_new();
	unsigned differences = 0, seen[6] = { 0 };
	int64_t now = START;

	for (int i = 0; i < 3000; i++) {
		struct memory_question q =
		    question_of(arena_printf(arena, "t\r\n\"%u", pick(6)),
			arena_printf(arena, "c%u", pick(3)),
			arena_printf(arena, "m%u", pick(12)), pick(4) * 2);
		const char *want, *got;

		now += steps[pick(pick(4) == 0 ? 8 : 5)];
		want = decide_here(here, &q, now);
		got = decide(m, &q, now);
		differences += strcmp(want, got) != 0;
		seen[want[0] - '0']++;
		if (strcmp(want, got) != 0 && differences < 5)
			printf("# %d: %s, not %s\n", i, got, want);
	}
	ok(differences == 0, "the script is the rule");
	for (size_t i = 0; i < 6; i++)
		ok(seen[i] > 10, "outcome %zu, %u times", i, seen[i]);
	memory_free(here);
}

/* The same of limits, up to where the arithmetic ends. */
static void
test_rates(struct memory_redis *m)
{
	static const int64_t limits[][3] = { { 1, 3000, 4 }, { 7, 11000, 10 },
		{ 0, 60000, 3 }, { 1, 86400000, 52000000 },
		{ 1000, 86399999, 52000000 }, { 3, 1, RATE_MOST - 1 } };
	static const int64_t steps[] = { 0, 1, 999, 3000, 60000, 86400000,
		-5000 };
	struct memory *here = memory_new();
	unsigned differences = 0, refused = 0;
	int64_t now = START;

	for (int i = 0; i < 3000; i++) {
		unsigned limit = pick(6);
		bool part = pick(3) == 0;
		const char *thing = arena_printf(arena, "%u", pick(40));
		struct memory_question q = {
			.rule = part ? &rate_rule_part : &rate_rule,
			.keys = { arena_printf(arena, "r%u", limit),
			    arena_printf(arena, "%u %s", limit, thing),
			    part ? arena_printf(
				       arena, "%u %u", limit, 40 + pick(9))
				 : NULL },
			.args = { limits[limit][0], limits[limit][1],
			    limits[limit][2] },
		};
		const char *want, *got;

		q.args[RATE_AMOUNT] =
		    pick(2) ? 1 : (int64_t)pick(1000) * limits[limit][2] / 600;
		now += steps[pick(7)];
		want = decide_here(here, &q, now);
		got = decide(m, &q, now);
		differences += strcmp(want, got) != 0;
		refused += strncmp(want, "0 ", 2) != 0;
		if (strcmp(want, got) != 0 && differences < 5)
			printf("# %u: %s, not %s\n", limit, got, want);
	}
	ok(differences == 0, "the script of limits is their rule");
	ok(refused > 100 && refused < 2900, "%u of 3000 refused", refused);
	memory_free(here);
}

/* The same of reputations, whose amounts are kept to the millionth. */
static void
test_reputation(struct memory_redis *m)
{
	static const int64_t steps[] = { 0, 1, 3000, HOUR, 48 * HOUR,
		840 * HOUR, 70000 * HOUR, -HOUR };
	struct memory *here = memory_new();
	unsigned differences = 0, good = 0;
	int64_t now = START;

	for (int i = 0; i < 3000; i++) {
		const char *name = arena_printf(arena, "n%u", pick(3));
		const char *other = arena_printf(arena, "@d%u", pick(3));
		struct memory_question q = {
			.rule = pick(2) == 0 ? &reputation_rule
					     : &reputation_rule_count,
			.keys = { name, name, other, other },
			.args = { [REPUTATION_HALF_LIFE] = 336 * HOUR,
			    [REPUTATION_ADD_GOOD] =
				(int64_t)pick(3) * pick(300000),
			    [REPUTATION_ADD_BAD] = pick(pick(5) + 1),
			    [REPUTATION_BOTH] = pick(2) },
		};
		const char *want, *got;

		now += steps[pick(pick(8) == 0 ? 8 : 5)];
		want = decide_here(here, &q, now);
		got = decide(m, &q, now);
		good += want[0] == '9';
		differences += strcmp(want, got) != 0;
		if (strcmp(want, got) != 0 && differences < 5)
			printf("# %d: %s, not %s\n", i, got, want);
	}
	ok(differences == 0, "reputation: the script is the rule");
	ok(good > 10, "some are good: %u", good);
	memory_free(here);
}

struct asker {
	struct memory_redis *memory;
	_Atomic unsigned passed;
};

/* All ask about one client's triplets, whose time has come. */
static void *
ask_often(void *arg)
{
	struct asker *a = arg;
	struct arena *mine = arena_new();

	for (int i = 0; i < 100; i++) {
		char triplet[32];
		int64_t results[MEMORY_RESULTS];
		const char *why;
		struct memory_question q;

		(void)snprintf(triplet, sizeof triplet, "busy%d", i);
		q = question_of(triplet, "busy", triplet, 0);
		if (memory_redis_decide(a->memory, mine, &q, START + HOUR,
			results, &why) == 0 &&
		    results[GREYLIST_WHY] == GREYLIST_WAITED)
			a->passed++;
		arena_reset(mine);
	}
	arena_free(mine);
	return NULL;
}

/* Of many that ask at once, of two gateways, one is the first. */
static void
test_together(struct memory_redis *one, struct memory_redis *other)
{
	struct asker askers[2] = { { .memory = one }, { .memory = other } };
	pthread_t threads[8];

	for (int i = 0; i < 100; i++) {
		struct memory_question q = question_of(
		    arena_printf(arena, "busy%d", i), "busy", "m", 0);

		(void)decide(one, &q, START);
	}
	for (size_t i = 0; i < 8; i++)
		(void)pthread_create(
		    &threads[i], NULL, ask_often, &askers[i % 2]);
	for (size_t i = 0; i < 8; i++)
		(void)pthread_join(threads[i], NULL);
	ok(askers[0].passed + askers[1].passed == 100,
	    "each is said to have waited once: %u and %u", askers[0].passed,
	    askers[1].passed);
}

static void
test_away(struct memory_redis *m)
{
	struct memory_question q = question_of("away", "c", "m", 0);

	is(decide(m, &q, START), "4 300000 0", "new");
	(void)collect();
	servers_stop();
	servers_start();
	is(decide(m, &q, START), "4 300000 0",
	    "a server that was started anew is told the script again");
	is(collect(), "", "which is not spoken of");
	servers_stop();
	ok(decide(m, &q, START)[0] == '!', "a server that is away");
	for (int i = 0; i < 6; i++) {
		/* Until it is left alone for long. */
		seconds_later(30);
		(void)decide(m, &q, START);
	}
	(void)collect();
	ok(strstr(decide(m, &q, START), "no server has answered lately") !=
		NULL,
	    "is left alone for a while");
	servers_start();
	seconds_later(30);
	is(decide(m, &q, START), "4 300000 0", "and then asked again");
	ok(strstr(collect(), ": answers again\n") != NULL,
	    "which the log says");
}

static void *
ask_silent(void *arg)
{
	struct asker *a = arg;
	struct arena *mine = arena_new();
	int64_t results[MEMORY_RESULTS];
	struct memory_question q = question_of("t", "c", "m", 0);
	const char *why = NULL;

	if (memory_redis_decide(a->memory, mine, &q, START, results, &why) ==
		-1 &&
	    why != NULL)
		a->passed++;
	arena_free(mine);
	return NULL;
}

static void *
let_much_time_pass(void *arg)
{
	(void)arg;
	(void)usleep(50000);
	seconds_later(101);
	return NULL;
}

/* A server that hangs: nobody waits longer than the timeout, and as soon as that
 * is known nobody waits at all, also for whoever tries again. */
static void
test_hangs(void)
{
	struct memory_redis *m =
	    open_server("hangs.cf", ACCOUNT "timeout = 100\n", servers_port);
	struct memory_question q = question_of("hangs", "c", "m", 0);
	struct asker asker = { .memory = m };
	pthread_t clock, threads[2];
	unsigned away = 0;

	is(decide(m, &q, START), "4 300000 0", "new");
	servers_signal(SIGSTOP);
	(void)pthread_create(&clock, NULL, let_much_time_pass, NULL);
	ok(strstr(decide(m, &q, START), "Connection timed out") != NULL,
	    "a server that hangs");
	(void)pthread_join(clock, NULL);
	seconds_later(1);
	for (int i = 0; i < 2; i++)
		(void)pthread_create(&threads[i], NULL, ask_silent, &asker);
	while (asker.passed == 0)
		(void)usleep(1000);
	for (int i = 0; i < 100; i++)
		away += strstr(decide(m, &q, START), "lately") != NULL;
	ok(away == 100 && asker.passed == 1,
	    "while one question tries again, the others do not wait");
	servers_signal(SIGCONT);
	for (int i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	ok(asker.passed == 1, "and it has its answer");
	ok(decide(m, &q, START)[0] != '!', "as have all from then on");
	memory_redis_close(m);
	(void)collect();
}

/* Of many that wait for one connection to a server that says nothing none waits
 * in turn. */
static void
test_silent(void)
{
	unsigned silent;
	int fd = servers_silent(&silent, true);
	struct asker asker = {
		.memory = open_server("silent.cf",
		    ACCOUNT "timeout = 3\nconnection_limit = 1\n", silent)
	};
	int64_t start = servers_now();
	pthread_t threads[30];

	for (size_t i = 0; i < 30; i++)
		(void)pthread_create(&threads[i], NULL, ask_silent, &asker);
	for (size_t i = 0; i < 30; i++)
		(void)pthread_join(threads[i], NULL);
	ok(asker.passed == 30, "a server that says nothing");
	ok(servers_now() - start < 60000, "is waited for by all at once");
	memory_redis_close(asker.memory);
	(void)collect();
	(void)close(fd);
}

/* A password that is wrong, a database and a prefix of one's own. */
static void
test_settings(void)
{
	struct memory_question q = question_of("s", "c", "m", 0);
	struct memory_redis *m, *third, *other;
	struct err err = { "" };

	m = open_server(
	    "wrong.cf", "password = no\nhost = 127.0.0.1:%u\n", servers_port);
	ok(strstr(decide(m, &q, START), "WRONGPASS") != NULL,
	    "a wrong password");
	memory_redis_close(m);
	m = open_server("one.cf", ACCOUNT "timeout = 60\n", servers_port);
	third = open_server(
	    "third.cf", ACCOUNT "dbindex = 3\ntimeout = 60\n", servers_port);
	other = open_server(
	    "other.cf", ACCOUNT "prefix = x:\ntimeout = 60\n", servers_port);
	is(decide(m, &q, START), "4 300000 0", "new");
	is(decide(third, &q, START + 1), "4 300000 0", "in another database");
	is(decide(other, &q, START + 2), "4 300000 0", "under another prefix");
	is(decide(m, &q, START + 3), "5 299997 0", "known");
	memory_redis_close(m);
	memory_redis_close(third);
	memory_redis_close(other);
	ok(memory_redis_open("hash:/x", NULL, &err) == NULL, "another type");
	is(err.text,
	    "weir_memory_store: bad value \"hash:/x\": redis:/path/file",
	    "is refused");
	ok(memory_redis_open("redis:/nonexistent/x", NULL, &err) == NULL,
	    "no file");
	(void)collect();
}

int
main(void)
{
	struct memory_redis *one, *other;
	unsigned tls_port;
	/* The first free port will be the server's. */
	int first = servers_silent(&tls_port, false);
	int second = servers_silent(&tls_port, false);
	char text[16];

	(void)close(first);
	(void)close(second);
	(void)snprintf(text, sizeof text, "%u", tls_port);
	(void)setenv("TLS_PORT", text, 1);
	arena = arena_new();
	servers_begin("redis", "PING\n");
	one = open_server("a.cf", ACCOUNT "timeout = 60\n", servers_port);
	other = open_server("b.cf", ACCOUNT "timeout = 60\n", servers_port);
	test_script(one);
	test_rates(one);
	test_reputation(one);
	test_together(one, other);
	is(collect(), "", "nothing is logged");
	test_settings();
	test_silent();
	test_hangs();
	test_away(one);
	memory_redis_close(one);
	memory_redis_close(other);
	arena_free(arena);
	return servers_end();
}
