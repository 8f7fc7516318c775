/* A circuit breaker: rests that grow, a trial that is one, and chance. */
#include "rules/breaker.h"

#include "base/clock.h"
#include "t/tap.h"

static const struct breaker_rests growing = { .first = CLOCK_SECOND,
	.most = 30 * CLOCK_SECOND };

static int64_t now;

static void
fail(struct breaker *b, bool trial, unsigned chance)
{
	breaker_fail(b, trial, &growing, now, chance);
}

/* Wait until somebody may ask, who then does: how long it was, in milliseconds;
 * -1: that was no trial, or somebody else might have asked, too. */
static long long
trial_after(struct breaker *b)
{
	int64_t since = now;

	while (!breaker_admits(b, now))
		now += CLOCK_MS;
	if (!breaker_enter(b) || breaker_admits(b, now) ||
	    breaker_admits(b, now + 3600 * CLOCK_SECOND))
		return -1;
	return (now - since) / CLOCK_MS;
}

static void
test_growth(void)
{
	static const long long want[] = { 1000, 2000, 4000, 8000, 16000, 30000,
		30000, 30000 };
	struct breaker b = { 0 };

	ok(breaker_admits(&b, now) && !breaker_enter(&b),
	    "closed: whoever asks is no trial");
	ok(breaker_admits(&b, now) && !breaker_enter(&b), "nor alone");
	ok(!breaker_succeed(&b), "and its success is nothing new");
	fail(&b, false, 0);
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		long long rest = trial_after(&b);

		ok(rest == want[i], "rest %zu: %lld ms", i, rest);
		fail(&b, true, 0);
	}
	ok(trial_after(&b) == 30000, "and so on");
	ok(breaker_succeed(&b), "a trial that succeeds is news");
	ok(breaker_closed(&b) && breaker_admits(&b, now), "it is closed");
	fail(&b, false, 0);
	ok(trial_after(&b) == 1000, "and the next failure is the first");
}

/* Who asked before it opened ends later, in either way. */
static void
test_others(void)
{
	struct breaker b = { 0 };

	(void)breaker_enter(&b);
	(void)breaker_enter(&b);
	(void)breaker_enter(&b);
	fail(&b, false, 0);
	now += CLOCK_SECOND / 2;
	fail(&b, false, 0);
	ok(trial_after(&b) == 500, "another old failure is no reason to wait");
	fail(&b, false, 0);
	ok(!breaker_admits(&b, now), "nor to try while somebody does");
	breaker_leave(&b, false);
	ok(!breaker_admits(&b, now), "nor is it one's own trial that ends");
	breaker_leave(&b, true);
	ok(trial_after(&b) == 0, "who did not ask leaves it to another");
	ok(breaker_succeed(&b), "an old success closes it");
	ok(breaker_admits(&b, now), "for all");
}

/* By chance a rest is up to a quarter shorter, and the next one has forgotten. */
static void
test_chance(void)
{
	long long least = 1 << 30, most = 0, rest;

	for (unsigned chance = 0; chance < 5000; chance += 7) {
		struct breaker b = { 0 };

		fail(&b, false, chance);
		(void)trial_after(&b);
		fail(&b, true, chance * 31);
		rest = trial_after(&b);
		least = rest < least ? rest : least;
		most = rest > most ? rest : most;
	}
	ok(least >= 1500 && least < 1520, "at least %lld ms", least);
	ok(most <= 2000 && most > 1980, "at most %lld ms", most);
}

/* What Postfix leaves alone for a minute is left alone for a minute. */
static void
test_constant(void)
{
	static const struct breaker_rests minute = { .first =
							 60 * CLOCK_SECOND };
	struct breaker b = { 0 };

	breaker_fail(&b, false, &minute, now, 1023);
	ok(trial_after(&b) == 60000, "a rest that does not grow");
	breaker_fail(&b, true, &minute, now, 1023);
	ok(trial_after(&b) == 60000, "ever, nor is there chance in it");
}

int
main(void)
{
	test_growth();
	test_others();
	test_chance();
	test_constant();
	return done_testing();
}
