/* What main.cf says about one transport, and what becomes of mistakes in it.
 * Seeds Q-27 Q-30 Q-31. */
#include "queue/transport_limits.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "queue/destination.h"
#include "queue/queue_params.h"
#include "t/tap.h"

static struct err err;

static struct destination_limits
limits_of(const char *transport, const char *text)
{
	static const struct param_table *const tables[] = { &queue_params_table,
		NULL };
	struct arena *arena = arena_new();
	struct destination_limits limits;
	struct queue_params params;
	struct conf *conf;

	err = (struct err){ "" };
	conf = conf_parse("main.cf", text, tables, &err);
	if (conf == NULL ||
	    param_load(&queue_params_table, conf, arena, &params, &err) != 0)
		printf("# %s\n", err.text);
	transport_limits_read(&limits, conf, &params, transport, &err);
	conf_free(conf);
	arena_free(arena);
	return limits;
}

static void
test_defaults(void)
{
	struct destination_limits l = limits_of("smtp", "");

	ok(l.concurrency.most == 20 && l.concurrency.initial == 5 &&
		l.concurrency.failed_cohorts == 1 && l.recipients == 50,
	    "Postfix's defaults (Q-27)");
	ok(l.concurrency.success.base == 1 && l.concurrency.failure.base == 1 &&
		!l.deferred,
	    "feedback 1, and not deferred");
	l = limits_of("local", "");
	ok(l.concurrency.most == 2 && l.concurrency.initial == 2 &&
		l.recipients == 1,
	    "those of local; the initial one is not above the limit");
}

static void
test_own(void)
{
	static const char text[] =
	    "default_destination_concurrency_positive_feedback = 1/4\n"
	    "half = 0.5\n"
	    "slow_destination_concurrency_positive_feedback = "
	    "$half/concurrency\n"
	    "slow_destination_concurrency_negative_feedback = "
	    "1/8\n"
	    "slow_destination_concurrency_failed_cohort_limit = 7\n"
	    "slow_destination_recipient_limit = 3\n"
	    "defer_transports = x, slow\n";
	struct destination_limits l = limits_of("slow", text);

	ok(l.concurrency.success.base == 0.5 && l.concurrency.success.shared &&
		l.concurrency.failure.base == 0.125,
	    "feedback of its own, expanded");
	ok(l.concurrency.failed_cohorts == 7 && l.recipients == 3 && l.deferred,
	    "other limits of its own (Q-30 Q-31)");
	l = limits_of("smtp", text);
	ok(l.concurrency.success.base == 0.25 &&
		!l.concurrency.success.shared &&
		l.concurrency.failure.base == 1,
	    "another one has the defaults");
	ok(err.text[0] == '\0', "nothing is wrong: %s", err.text);
}

static void
test_mistakes(void)
{
	struct destination_limits l = limits_of("smtp",
	    "default_destination_concurrency_positive_feedback = 2\n"
	    "smtp_destination_concurrency_negative_feedback = 1/x\n"
	    "smtp_destination_concurrency_limit = abc\n");

	ok(strstr(err.text,
	       "main.cf:1: default_destination_concurrency_positive_feedback "
	       "= 2: no feedback") != NULL,
	    "a wrong default is told with its place");
	ok(strstr(err.text,
	       "main.cf:2: smtp_destination_concurrency_negative_feedback "
	       "= 1/x: no feedback") != NULL,
	    "so is one of the transport");
	ok(strstr(err.text,
	       "main.cf:3: smtp_destination_concurrency_limit = abc: not a "
	       "number") != NULL,
	    "and what is no number");
	ok(l.concurrency.success.base == 1 && l.concurrency.failure.base == 1 &&
		l.concurrency.most == 20,
	    "the defaults are used instead");
}

static void
test_delays(void)
{
	static const char text[] = "default_transport_rate_delay = 2s\n"
				   "slow_destination_rate_delay = 1m\n"
				   "fast_transport_rate_delay = 0\n"
				   "odd_destination_rate_delay = soon\n";
	struct destination_limits l = limits_of("slow", text);

	ok(l.rate_delay == 60 * CLOCK_SECOND &&
		l.transport_rate_delay == 2 * CLOCK_SECOND,
	    "rate delays");
	ok(l.concurrency.most == 1 && l.concurrency.initial == 1,
	    "one delivery at a time, then");
	l = limits_of("fast", text);
	ok(l.rate_delay == 0 && l.transport_rate_delay == 0 &&
		l.concurrency.most == 20,
	    "none");
	l = limits_of("odd", text);
	ok(l.rate_delay == 0 &&
		strstr(err.text,
		    "main.cf:4: odd_destination_rate_delay = "
		    "soon: not a time") != NULL,
	    "what is no time is told");
}

static void
test_slots(void)
{
	static const char text[] = "default_delivery_slot_cost = 4\n"
				   "slow_delivery_slot_cost = 0\n"
				   "slow_delivery_slot_discount = 10\n"
				   "slow_delivery_slot_loan = 1\n"
				   "slow_minimum_delivery_slots = 9\n";
	struct destination_limits l = limits_of("smtp", text);

	ok(l.slots.cost == 4 && l.slots.discount == 50 && l.slots.loan == 3 &&
		l.slots.minimum == 3,
	    "delivery slots");
	l = limits_of("slow", text);
	ok(l.slots.cost == 0 && l.slots.discount == 10 && l.slots.loan == 1 &&
		l.slots.minimum == 9,
	    "of one transport");
}

int
main(void)
{
	test_defaults();
	test_own();
	test_mistakes();
	test_delays();
	test_slots();
	return done_testing();
}
