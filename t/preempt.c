/* Postfix's preemptive scheduling: turns in numbers worked out by hand. */
#include "queue/preempt.h"

#include "base/clock.h"
#include "t/tap.h"

static const struct preempt_limits usual = { 5, 50, 3, 3 };

static bool
yes(const struct preempt_turn *turn)
{
	(void)turn;
	return true;
}

static const struct preempt_turn *blocked;

static bool
unless_blocked(const struct preempt_turn *turn)
{
	return turn != blocked;
}

static void
join(struct preempt *p, struct preempt_turn *turn, size_t n, int64_t since)
{
	*turn = (struct preempt_turn){ 0 };
	for (size_t i = 0; i < n; i++)
		preempt_join(p, turn, since * CLOCK_SECOND);
}

static void
take(struct preempt *p, struct preempt_turn *turn,
    const struct preempt_limits *limits, size_t n)
{
	while (n-- > 0)
		preempt_leave(p, turn, limits, true);
}

/* Deliveries of a list of ${list} until a message of ${n} goes before it; 0: it
 * never does. */
static size_t
until(size_t list, size_t n, const struct preempt_limits *limits)
{
	struct preempt p;
	struct preempt_turn first, second;

	preempt_init(&p);
	join(&p, &first, list, 1);
	join(&p, &second, n, 2);
	for (size_t i = 1; i < list; i++) {
		take(&p, &first, limits, 1);
		/* A second each: what was not found is looked for again. */
		if (preempt_find(&p, &first, limits,
			(int64_t)(i + 2) * CLOCK_SECOND, yes) == &second)
			return i;
	}
	return 0;
}

static void
test_slots(void)
{
	struct preempt_limits limits = usual;

	ok(until(1000, 1, &limits) == 1, "half of one, three lent: at once");
	ok(until(1000, 6, &limits) == 1, "half of six: three lent");
	ok(until(1000, 7, &limits) == 5, "half of seven: one to be saved up");
	ok(until(1000, 20, &limits) == 35, "half of twenty: seven");
	limits.loan = 0;
	ok(until(1000, 20, &limits) == 50, "without a loan: ten");
	limits.discount = 100;
	ok(until(1000, 20, &limits) == 100, "without a discount: twenty");
	limits.cost = 2;
	ok(until(1000, 20, &limits) == 40, "cost 2");
	limits.cost = 1;
	ok(until(1000, 1, &limits) == 0, "cost 1: never");
	limits.cost = 0;
	ok(until(1000, 1, &limits) == 0, "cost 0: never");
}

static void
test_size(void)
{
	struct preempt_limits limits = usual;

	ok(until(14, 1, &limits) == 0,
	    "14 deliveries do not make three slots: never");
	ok(until(15, 1, &limits) == 1, "15 do");
	ok(until(100, 21, &limits) == 0,
	    "100 deliveries never make 21 slots: not before it");
	ok(until(105, 21, &limits) != 0, "105 do");
	limits.minimum = 0;
	ok(until(14, 1, &limits) == 1, "no minimum");
}

static void
test_choice(void)
{
	struct preempt p;
	struct preempt_turn list, small, large, late;
	const int64_t now = 101 * CLOCK_SECOND;

	preempt_init(&p);
	join(&p, &list, 1000, 1);
	/* Waited 101, 51 and 1 seconds: 101/10, 51/2, 1/1. */
	join(&p, &large, 10, 1);
	join(&p, &small, 2, 51);
	join(&p, &late, 1, 101);
	take(&p, &list, &usual, 100);
	blocked = &small;
	ok(preempt_find(&p, &list, &usual, now, unless_blocked) == &large,
	    "who has waited longest for its size, of those that may go");
	ok(list.available == 50 && preempt_is_before(&large, &list),
	    "its ten slots are taken from the list");
	ok(preempt_find(&p, &list, &usual, now, yes) == &small, "the next one");
	ok(preempt_is_before(&small, &list) && list.available == 40,
	    "it is before the list, too");
	take(&p, &large, &usual, 8);
	preempt_leave(&p, &large, &usual, false);
	preempt_leave(&p, &large, &usual, false);
	ok(list.available == 50, "slots that were not used are given back");
	take(&p, &small, &usual, 2);
	ok(list.available == 50, "others are not");
	ok(!preempt_is_before(&late, &list), "who has not paid stands behind");
	take(&p, &list, &usual, 900);
	take(&p, &late, &usual, 1);
	ok(TAILQ_EMPTY(&p.turns), "nothing is left");
}

/* One that goes before a list is itself a list for a third one. */
static void
test_depth(void)
{
	struct preempt p;
	struct preempt_turn list, middle, small;

	preempt_init(&p);
	join(&p, &list, 1000, 1);
	join(&p, &middle, 20, 2);
	take(&p, &list, &usual, 200);
	ok(preempt_find(&p, &list, &usual, 3 * CLOCK_SECOND, yes) == &middle,
	    "a list of 20 before one of 1000");
	take(&p, &middle, &usual, 2);
	join(&p, &small, 1, 3);
	ok(preempt_find(&p, &middle, &usual, 4 * CLOCK_SECOND, yes) == &small,
	    "one message before that");
	ok(preempt_is_before(&small, &middle) &&
		preempt_is_before(&middle, &list),
	    "in this order");
	/* It ends before the one that goes before it. */
	take(&p, &middle, &usual, 18);
	take(&p, &small, &usual, 1);
	ok(list.available == 100, "each pays once: %lld",
	    (long long)list.available);
	take(&p, &list, &usual, 800);
	ok(TAILQ_EMPTY(&p.turns), "nothing is left");
}

int
main(void)
{
	test_slots();
	test_size();
	test_choice();
	test_depth();
	return done_testing();
}
