/* How the concurrency of a destination grows and shrinks: numbers worked out
 * by hand from Postfix's rules.
 * Seeds Q-27 Q-22 S-065. */
#include "queue/concurrency.h"

#include <stdint.h>

#include "t/tap.h"

static const struct concurrency_limits plain = { .most = 20,
	.initial = 5,
	.failed_cohorts = 1,
	.success = { 1, false },
	.failure = { 1, false } };

static bool
close_to(double a, double b)
{
	return a - b < 1e-9 && b - a < 1e-9;
}

static void
test_parse(void)
{
	static const struct {
		const char *text;
		double at4; /* its value at a window of 4; < 0: malformed */
	} cases[] = {
		{ "1", 1 },
		{ "0", 0 },
		{ "0.25", 0.25 },
		{ "1/8", 0.125 },
		{ "3 / 4", 0.75 },
		{ "10/20", 0.5 },
		{ "1/concurrency", 0.25 },
		{ "0.5/Concurrency", 0.125 },
		{ " 1 /concurrency", 0.25 },
		{ "1/sqrt_concurrency", -1 },
		{ "", -1 },
		{ "2", -1 },
		{ "-1", -1 },
		{ "2/1", -1 },
		{ "1/0", -1 },
		{ "1/", -1 },
		{ "1 2", -1 },
		{ "1/concurrency/2", -1 },
		{ "concurrency", -1 },
		{ "1/-2", -1 },
		{ "nan", -1 },
		{ "inf/inf", -1 },
		{ "1/nan", -1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct concurrency_feedback f;
		bool good = concurrency_feedback_parse(cases[i].text, &f);

		if (cases[i].at4 < 0)
			ok(!good && close_to(f.base, 1) && !f.shared,
			    "\"%s\" is none, and counts as 1", cases[i].text);
		else
			ok(good &&
				close_to(concurrency_feedback_at(&f, 4),
				    cases[i].at4),
			    "\"%s\" is %g of 4", cases[i].text, cases[i].at4);
	}
}

/* The windows after each of ${n} successes, the destination as busy as it may
 * be. */
static bool
grows(const struct concurrency_limits *limits, struct concurrency *c,
    const unsigned *windows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		concurrency_succeeded(c, limits, c->window);
		if (c->window != windows[i]) {
			printf("# success %zu: %u, not %u\n", i + 1, c->window,
			    windows[i]);
			return false;
		}
	}
	return true;
}

static bool
shrinks(const struct concurrency_limits *limits, struct concurrency *c,
    const unsigned *windows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		(void)concurrency_failed(c, limits);
		if (c->window != windows[i]) {
			printf("# failure %zu: %u, not %u\n", i + 1, c->window,
			    windows[i]);
			return false;
		}
	}
	return true;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void
test_growth(void)
{
	static const unsigned whole[] = { 6, 7, 8 };
	/* 1/5 five times, then 1/6 six times. */
	static const unsigned share[] = { 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7 };
	static const unsigned quarter[] = { 5, 5, 5, 6, 6, 6, 6, 7 };
	struct concurrency_limits limits = plain;
	struct concurrency c;

	concurrency_init(&c, &limits);
	ok(c.window == 5, "the initial concurrency");
	ok(grows(&limits, &c, whole, COUNT(whole)), "1: one for each success");
	limits.success = (struct concurrency_feedback){ 1, true };
	concurrency_init(&c, &limits);
	ok(grows(&limits, &c, share, COUNT(share)),
	    "1/concurrency: one for each cohort");
	limits.success = (struct concurrency_feedback){ 0.25, false };
	concurrency_init(&c, &limits);
	ok(grows(&limits, &c, quarter, COUNT(quarter)), "1/4");
	limits.success = (struct concurrency_feedback){ 0, false };
	for (int i = 0; i < 1000; i++)
		concurrency_succeeded(&c, &limits, 20);
	ok(c.window == 7, "0: it stays");
}

static void
test_bounds(void)
{
	struct concurrency_limits limits = plain;
	struct concurrency c;

	concurrency_init(&c, &limits);
	for (int i = 0; i < 100; i++)
		concurrency_succeeded(&c, &limits, c.window);
	ok(c.window == 20, "never above the limit");
	concurrency_init(&c, &limits);
	for (int i = 0; i < 100; i++)
		concurrency_succeeded(&c, &limits, 3);
	ok(c.window == 8, "nor further than what is under way and a margin");
	limits.most = 0;
	for (int i = 0; i < 100; i++)
		concurrency_succeeded(&c, &limits, c.window);
	ok(c.window == 108, "no limit");
}

static void
test_failures(void)
{
	/* The first failure of a cycle counts at once, and with the margin
	 * for rounding the sum of 0 after it counts, too. */
	static const unsigned whole[] = { 18, 17, 16, 15 };
	static const unsigned quarter[] = { 19, 19, 19, 18, 18, 18, 18, 17 };
	static const unsigned low[] = { 1, 1, 1 };
	struct concurrency_limits limits = plain;
	struct concurrency c = { .window = 20 };

	limits.failed_cohorts = 0;
	ok(shrinks(&limits, &c, whole, COUNT(whole)), "1: at each failure");
	limits.failure = (struct concurrency_feedback){ 0.25, false };
	c = (struct concurrency){ .window = 20 };
	ok(shrinks(&limits, &c, quarter, COUNT(quarter)),
	    "1/4: at the first, then each fourth");
	c = (struct concurrency){ .window = 2 };
	ok(shrinks(&limits, &c, low, COUNT(low)), "never below one");
	ok(!concurrency_failed(&c, &limits), "and never dead without a limit");
	limits.failure = (struct concurrency_feedback){ 0, false };
	c = (struct concurrency){ .window = 9 };
	(void)concurrency_failed(&c, &limits);
	ok(c.window == 9, "0: it stays");
}

/* What Postfix 3.7.11 logs with destination_concurrency_feedback_debug = yes:
 * the window after each delivery of a backlog. */
static void
test_postfix(void)
{
	static const unsigned quarter[] = { 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 8,
		8, 8, 8, 9, 9, 9 };
	static const unsigned share[] = { 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7,
		7, 7, 7, 7, 8 };
	static const unsigned third[] = { 5, 5, 6, 6, 6, 6, 7, 7, 7, 8, 8 };
	static const unsigned less_quarter[] = { 19, 19, 19, 18, 18, 18, 18, 17,
		17, 17, 17, 16, 16, 16, 16, 15, 15, 15, 15, 14, 14, 14, 14,
		13 };
	static const unsigned less_share[] = { 19, 19, 19, 19, 19, 19, 19, 19,
		19, 19, 19, 19, 19, 19, 19, 19, 19, 19, 18, 18, 18, 18, 18,
		18 };
	static const unsigned less_third[] = { 19, 19, 18, 18, 18, 18, 17, 17,
		17, 16, 16, 16, 15, 15, 15, 15, 14, 14, 14, 13, 13, 13, 12,
		12 };
	static const unsigned less_whole[] = { 3, 2, 1, 1, 1, 1, 1, 1 };
	static const struct {
		const char *feedback;
		bool success;
		unsigned initial, n;
		const unsigned *windows;
	} cases[] = {
		{ "1/4", true, 5, COUNT(quarter), quarter },
		{ "1/concurrency", true, 5, COUNT(share), share },
		{ "0.3", true, 5, COUNT(third), third },
		{ "1/4", false, 20, COUNT(less_quarter), less_quarter },
		{ "1/concurrency", false, 20, COUNT(less_share), less_share },
		{ "0.3", false, 20, COUNT(less_third), less_third },
		{ "1", false, 5, COUNT(less_whole), less_whole },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct concurrency_limits limits = plain;
		struct concurrency c;

		limits.failed_cohorts = 0;
		limits.initial = cases[i].initial;
		(void)concurrency_feedback_parse(cases[i].feedback,
		    cases[i].success ? &limits.success : &limits.failure);
		concurrency_init(&c, &limits);
		ok((cases[i].success ? grows : shrinks)(
		       &limits, &c, cases[i].windows, cases[i].n),
		    "as in Postfix: %s, %s", cases[i].feedback,
		    cases[i].success ? "up" : "down");
	}
}

/* A step one way begins the cycle of the other way anew. */
static void
test_cycles(void)
{
	struct concurrency_limits limits = plain;
	struct concurrency c = { .window = 10 };

	limits.success.base = limits.failure.base = 0.5;
	limits.failed_cohorts = 0;
	concurrency_succeeded(&c, &limits, 10);
	ok(c.window == 10, "half a success");
	(void)concurrency_failed(&c, &limits);
	ok(c.window == 9 && close_to(c.successes, 0),
	    "a failure counts at once, and the half is lost");
	concurrency_succeeded(&c, &limits, 10);
	concurrency_succeeded(&c, &limits, 10);
	ok(c.window == 10 && close_to(c.failures, 0),
	    "two successes make up for it, and begin the failures anew");
}

/* Failures until the destination is dead; 0: it never is. */
static unsigned
until_dead(unsigned window, unsigned cohorts, double feedback)
{
	struct concurrency_limits limits = plain;
	struct concurrency c = { .window = window };

	limits.failed_cohorts = cohorts;
	limits.failure.base = feedback;
	for (unsigned i = 1; i <= 1000; i++)
		if (concurrency_failed(&c, &limits))
			return i;
	return 0;
}

static void
test_cohorts(void)
{
	struct concurrency_limits limits = plain;
	struct concurrency c;

	/* 1/5, 1/3, 1/2. */
	ok(until_dead(5, 1, 1) == 3, "the default: the third failure of five");
	/* 1/5 1/3 1/2 1/1 1/1. */
	ok(until_dead(5, 3, 1) == 5, "three cohorts: %u", until_dead(5, 3, 1));
	ok(until_dead(4, 1, 0) == 4, "no feedback: as many as the window");
	ok(until_dead(4, 10, 0) == 40, "ten cohorts of that");
	ok(until_dead(5, 0, 1) == 0, "no limit: never");
	ok(until_dead(1, 1, 1) == 1, "a window of one: the first");
	concurrency_init(&c, &limits);
	for (int i = 0; i < 100; i++) {
		if (concurrency_failed(&c, &limits))
			break;
		concurrency_succeeded(&c, &limits, 5);
	}
	ok(close_to(c.failed_cohorts, 0), "a success ends the row of failures");
	concurrency_revived(&c, &limits, 0);
	ok(c.window == 5 && close_to(c.failed_cohorts, 0),
	    "a dead one begins again");
	concurrency_revived(&c, &limits, 2);
	ok(c.window == 2, "with what is under way, if there is something");
}

/* Some number below ${n}, the same ones in each run. */
static unsigned
some(unsigned n)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % n;
}

/* Whatever comes, the window keeps its bounds. */
static void
test_bounds_hold(void)
{
	bool good = true;

	for (int round = 0; round < 200; round++) {
		struct concurrency_limits limits = { .most = some(30),
			.initial = 1,
			.failed_cohorts = some(4),
			.success = { some(1000) / 999.0, some(2) == 0 },
			.failure = { some(1000) / 999.0, some(2) == 0 } };
		struct concurrency c;

		concurrency_init(&c, &limits);
		for (int i = 0; i < 500; i++) {
			unsigned before = c.window;

			if (some(3) == 0) {
				(void)concurrency_failed(&c, &limits);
				good &= c.window <= before;
			} else {
				concurrency_succeeded(&c, &limits, before);
				good &= c.window >= before;
			}
			good &=
			    c.window >= 1 && c.successes < 1 && c.failures > -1;
			good &= limits.most == 0 || c.window <= limits.most;
		}
	}
	ok(good, "bounds, whatever comes");
}

int
main(void)
{
	test_parse();
	test_growth();
	test_bounds();
	test_failures();
	test_postfix();
	test_cycles();
	test_cohorts();
	test_bounds_hold();
	return done_testing();
}
