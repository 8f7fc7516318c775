/* What happens is counted, by all threads, and the counts outlive the process. */
#include "base/counters.h"

#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/state.h"
#include "t/tables.h"

enum { THREADS = 4, TIMES = 10000 };

static struct counter often = { .name = "test: often" },
		      once = { .name = "test: once" },
		      never = { .name = "test: never" };
static struct state *state;

static void
gather(void *arg, const char *name, uint64_t count, int64_t since)
{
	static int64_t first;
	struct buf *out = arg;

	buf_printf(out, "[%s %llu]", name, (unsigned long long)count);
	if (strcmp(name, often.name) != 0)
		return;
	ok(since > 0 && (first == 0 || since == first), "the same beginning");
	first = since;
}

static const char *
counts(void)
{
	static char said[1024];
	struct buf out = { 0 };

	ok(counters_each(state, gather, &out) == 0, "read");
	(void)snprintf(said, sizeof said, "%s", buf_str(&out));
	buf_free(&out);
	return said;
}

static void *
work(void *arg)
{
	for (int i = 0; i < TIMES; i++)
		counters_add(&often);
	return arg;
}

int
main(void)
{
	pthread_t threads[THREADS];
	struct err err = { 0 };

	tables_begin();
	(void)mkdir(path_of("state"), 0700);
	state = state_open(path_of("state"), &err);
	ok(state != NULL, "state %s", err.text);
	counters_add(&once);
	counters_add_many(&often, 3);
	counters_stop();
	is(counts(), "", "without a store: kept for later");
	counters_start(state);
	for (size_t i = 0; i < THREADS; i++)
		(void)pthread_create(&threads[i], NULL, work, NULL);
	for (size_t i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	counters_stop();
	is(counts(), "[test: often 40003][test: once 1]", "none is lost");

	counters_start(state);
	counters_add(&often);
	counters_stop();
	is(counts(), "[test: often 40004][test: once 1]", "they go on");
	ok(state_put(state, "counters", never.name, "x", INT64_MAX) == 0 &&
		strcmp(counts(), "[test: often 40004][test: once 1]") == 0,
	    "what is no count is not shown");
	counters_start(state);
	counters_add(&never);
	counters_stop();
	is(counts(), "[test: never 1][test: often 40004][test: once 1]",
	    "and begins anew");
	state_close(state);
	return tables_end();
}
