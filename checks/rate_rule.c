/* rate_rule.c - see rate_rule.h.
 *
 * Of a bucket, what is in it is kept, in parts of which RATE_PERIOD are one, and
 * when it was so; of a bucket that is emptied at once, what is in it, and when
 * the first of it came.  Of a thing, what was counted of it. */
#include "checks/rate_rule.h"

#include <stddef.h>

enum { IN_IT, SINCE }; /* of a bucket */
enum { COUNTED };      /* of a thing, of a whole */

/* So long it is known what was counted of a message or a session. */
#define HOUR INT64_C(3600000)

static void
keep(struct memory_cell *cell, int64_t a, int64_t b, int64_t expires)
{
	cell->number[0] = a;
	cell->number[1] = b;
	cell->expires = expires;
	cell->changed = true;
}

static int64_t
up(int64_t n, int64_t by)
{
	return n / by + (n % by > 0 ? 1 : 0);
}

static int64_t
counted_of(const struct memory_cell *cell)
{
	return cell->there ? cell->number[COUNTED] : 0;
}

/* What is in the bucket now.  A clock that was set back empties nothing. */
static int64_t
level(const struct memory_cell *bucket, const int64_t *args, int64_t now)
{
	int64_t passed = bucket->there ? now - bucket->number[SINCE] : 0;

	if (!bucket->there)
		return 0;
	if (args[RATE_RATE] == 0)
		return passed < args[RATE_PERIOD] ? bucket->number[IN_IT] : 0;
	if (passed <= 0)
		return bucket->number[IN_IT];
	if (passed >= up(bucket->number[IN_IT], args[RATE_RATE]))
		return 0;
	return bucket->number[IN_IT] - passed * args[RATE_RATE];
}

/* Of a bucket that is emptied at once: when its time began. */
static int64_t
begun(const struct memory_cell *bucket, int64_t in_it, int64_t now)
{
	return in_it > 0 && bucket->number[SINCE] <= now ? bucket->number[SINCE]
							 : now;
}

static void
decide(struct memory_cell *cells, const int64_t *args, int64_t now,
    int64_t *results)
{
	struct memory_cell *bucket = &cells[RATE_BUCKET];
	struct memory_cell *thing = &cells[RATE_THING];
	struct memory_cell *whole = &cells[RATE_WHOLE];
	int64_t rate = args[RATE_RATE], period = args[RATE_PERIOD];
	int64_t part = rate > 0 ? period : 1; /* so many are one */
	int64_t room = args[RATE_CAPACITY] * part, in_it, more, since;

	in_it = level(bucket, args, now);
	results[RATE_USED] = up(in_it, part);
	more = args[RATE_AMOUNT] - counted_of(thing);
	if (thing->there && more <= 0)
		return;
	if (more > args[RATE_CAPACITY])
		more = args[RATE_CAPACITY] + 1;
	since = rate > 0 ? now : begun(bucket, in_it, now);
	if (in_it + (more > 0 ? more : 1) * part > room) {
		results[RATE_WAIT] = rate > 0
		    ? up(in_it + (more > 0 ? more : 1) * part - room, rate)
		    : since + period - now;
		return;
	}
	if (more <= 0)
		return;
	in_it += more * part;
	results[RATE_USED] = up(in_it, part);
	results[RATE_COUNTED] = more;
	keep(bucket, in_it, since,
	    rate > 0 ? now + up(in_it, rate) : since + period);
	keep(thing, args[RATE_AMOUNT], 0, now + HOUR);
	keep(whole, counted_of(whole) + more, 0, now + HOUR);
}

/* decide(), in the numbers of rate_rule.h. */
static const char script[] =
    "local bucket, thing, whole = cell[1], cell[2], cell[3]\n"
    "local rate, period, capacity, amount = arg[1], arg[2], arg[3], arg[4]\n"
    "local part = rate > 0 and period or 1\n"
    "local function up(n, by)\n"
    " local rest = math.fmod(n, by)\n"
    " return (n - rest) / by + (rest > 0 and 1 or 0)\n"
    "end\n"
    "local level = 0\n"
    "if bucket then\n"
    " local passed = now - bucket[2]\n"
    " if rate == 0 then\n"
    "  if passed < period then level = bucket[1] end\n"
    " elseif passed <= 0 then\n"
    "  level = bucket[1]\n"
    " elseif passed < up(bucket[1], rate) then\n"
    "  level = bucket[1] - passed * rate\n"
    " end\n"
    "end\n"
    "local more = amount - (thing and thing[1] or 0)\n"
    "if thing and more <= 0 then return answer(0, up(level, part), 0) end\n"
    "if more > capacity then more = capacity + 1 end\n"
    "local since = now\n"
    "if rate == 0 and level > 0 and bucket[2] <= now then\n"
    " since = bucket[2]\n"
    "end\n"
    "local over = level + math.max(more, 1) * part - capacity * part\n"
    "if over > 0 then\n"
    " return answer(rate > 0 and up(over, rate) or since + period - now,\n"
    "  up(level, part), 0)\n"
    "end\n"
    "if more <= 0 then return answer(0, up(level, part), 0) end\n"
    "level = level + more * part\n"
    "keep(1, level, since,\n"
    " rate > 0 and now + up(level, rate) or since + period)\n"
    "keep(2, amount, 0, now + 3600000)\n"
    "if #KEYS > 2 then\n"
    " keep(3, (whole and whole[1] or 0) + more, 0, now + 3600000)\n"
    "end\n"
    "return answer(0, up(level, part), more)\n";

const struct memory_rule rate_rule = {
	.name = "rate_limit",
	.cells = 2,
	.maps = { "rate_limit", "rate_limit_thing" },
	.decide = decide,
	.script = script,
};

const struct memory_rule rate_rule_part = {
	.name = "rate_limit",
	.cells = 3,
	.maps = { "rate_limit", "rate_limit_thing", "rate_limit_thing" },
	.decide = decide,
	.script = script,
};

int64_t
rate_rule_used(const int64_t *number, const int64_t *args, int64_t now)
{
	struct memory_cell bucket = { .there = true };

	bucket.number[IN_IT] = number[0];
	bucket.number[SINCE] = number[1];
	return up(level(&bucket, args, now),
	    args[RATE_RATE] > 0 ? args[RATE_PERIOD] : 1);
}
