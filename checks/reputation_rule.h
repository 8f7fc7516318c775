/* reputation_rule.h - good and bad outcomes that are counted, and count half as
 * much after each half-life.
 *
 * A counter is two cells, of what was good and of what was bad: how much, in
 * millionths, and when that was so much.  It is written only when something is
 * added, so that to ask costs nothing, and to ask often loses nothing.
 *
 * C and Lua must come to the same number: both use nothing but what IEEE 754
 * rounds exactly, the powers of one half being square roots of square roots. */
#ifndef CHECKS_REPUTATION_RULE_H
#define CHECKS_REPUTATION_RULE_H

#include "rules/memory.h"

#define REPUTATION_ONE INT64_C(1000000) /* an outcome */

enum {
	REPUTATION_MOST = 1000000, /* outcomes that one counter can hold */
	/* Of so many outcomes that nobody has seen, half would be good: who has
	 * had few has not gone far from 0. */
	REPUTATION_PRIOR = 5,
};

/* Keys of both rules: the name of a counter, twice; of the count the name of
 * another one, too, twice, or of none. */
enum reputation_key {
	REPUTATION_GOOD,
	REPUTATION_BAD,
	REPUTATION_OTHER_GOOD,
	REPUTATION_OTHER_BAD,
};

enum reputation_arg {
	REPUTATION_HALF_LIFE, /* milliseconds */
	/* Of the count: */
	REPUTATION_ADD_GOOD,
	REPUTATION_ADD_BAD,
	REPUTATION_BOTH, /* the other counter, too */
};

enum reputation_result {
	REPUTATION_SCORE, /* -100 .. 100 */
	REPUTATION_GOODS, /* whole outcomes */
	REPUTATION_BADS,
};

/* What is known, and: count some outcomes more (no results). */
extern const struct memory_rule reputation_rule;
extern const struct memory_rule reputation_rule_count;

/* reputation_rule_fade(amount, age, half_life): what is left of ${amount}
 * millionths after ${age}, to the nearest one. */
int64_t reputation_rule_fade(int64_t amount, int64_t age, int64_t half_life);

#endif
