/* rate_rule.h - limits of a rate: whether there is room for so much more in a
 * bucket. */
#ifndef CHECKS_RATE_RULE_H
#define CHECKS_RATE_RULE_H

#include "rules/memory.h"

enum rate_key {
	RATE_BUCKET,
	RATE_THING, /* what is counted: a message, its recipient, a session; so
		     * that it is counted once, however often it is asked for */
	RATE_WHOLE, /* of rate_rule_part: what the thing is a part of */
};

/* A bucket has room for RATE_CAPACITY.  What was put in leaves it again:
 * RATE_RATE in RATE_PERIOD milliseconds, evenly; or, if RATE_RATE is 0, all of
 * it at once, RATE_PERIOD after the first of it came. */
enum rate_arg {
	RATE_RATE,
	RATE_PERIOD, /* more than 0 */
	RATE_CAPACITY,
	RATE_AMOUNT, /* what the thing comes to, with what was counted of it; 0:
		      * not known yet, is there room for anything? */
};

enum rate_result {
	RATE_WAIT, /* milliseconds until there is room; 0: there is, and it is
		       * taken */
	RATE_USED, /* of the capacity, from now on, rounded up */
	RATE_COUNTED, /* now */
};

/* RATE_MOST: (RATE_CAPACITY + 1) * RATE_PERIOD is not more, so that the
 * arithmetic is exact wherever it is done. */
#define RATE_MOST (INT64_C(1) << 52)

/* What was refused leaves no trace.  rate_rule_part also adds what it counts to
 * what was counted of the whole. */
extern const struct memory_rule rate_rule, rate_rule_part;

/* rate_rule_used(number, args, now): what is in the bucket of which ${number} is
 * kept, rounded up. */
int64_t rate_rule_used(const int64_t *number, const int64_t *args, int64_t now);

#endif
