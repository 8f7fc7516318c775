/* breaker.c - see breaker.h. */
#include "rules/breaker.h"

bool
breaker_closed(const struct breaker *breaker)
{
	return breaker->rest == 0;
}

bool
breaker_admits(const struct breaker *breaker, int64_t now)
{
	return breaker_closed(breaker) ||
	    (!breaker->tried && breaker->until <= now);
}

bool
breaker_enter(struct breaker *breaker)
{
	breaker->tried = !breaker_closed(breaker);
	return breaker->tried;
}

bool
breaker_succeed(struct breaker *breaker)
{
	bool opened = !breaker_closed(breaker);

	*breaker = (struct breaker){ 0 };
	return opened;
}

/* ${rest}, less up to a quarter of it. */
static int64_t
shorten(int64_t rest, unsigned chance)
{
	return rest - rest / 4 * (int64_t)(chance % 1024) / 1023;
}

void
breaker_fail(struct breaker *breaker, bool trial,
    const struct breaker_rests *rests, int64_t now, unsigned chance)
{
	bool grows = rests->most > rests->first;

	if (!trial && !breaker_closed(breaker))
		return;
	if (breaker_closed(breaker) || !grows)
		breaker->rest = rests->first;
	else if (breaker->rest < rests->most / 2)
		breaker->rest *= 2;
	else
		breaker->rest = rests->most;
	breaker->until =
	    now + (grows ? shorten(breaker->rest, chance) : breaker->rest);
	breaker->tried = false;
}

void
breaker_leave(struct breaker *breaker, bool trial)
{
	if (trial)
		breaker->tried = false;
}
