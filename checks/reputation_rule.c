/* reputation_rule.c - see reputation_rule.h. */
#include "checks/reputation_rule.h"

#include <math.h>

enum { AMOUNT, WHEN }; /* of a cell */

enum {
	MOST_HALVES = 60, /* nothing is left of anything */
	BITS = 40,        /* of a part of a half-life that are looked at */
	LEAST = 5000,     /* millionths: less is forgotten */
};

int64_t
reputation_rule_fade(int64_t amount, int64_t age, int64_t half_life)
{
	double left, part, power = sqrt(0.5);

	if (age <= 0)
		return amount;
	if (age / half_life >= MOST_HALVES)
		return 0;
	left = (double)amount;
	for (int64_t n = age / half_life; n > 0; n--)
		left = left / 2;
	part = (double)(age % half_life) / (double)half_life;
	for (int i = 0; i < BITS && part > 0; i++) {
		part = part * 2;
		if (part >= 1) {
			part = part - 1;
			left = left * power;
		}
		power = sqrt(power);
	}
	return (int64_t)(left + 0.5);
}

static int64_t
amount_of(const struct memory_cell *cell, int64_t half_life, int64_t now)
{
	return cell->there ? reputation_rule_fade(cell->number[AMOUNT],
				 now - cell->number[WHEN], half_life)
			   : 0;
}

static void
ask(struct memory_cell *cells, const int64_t *args, int64_t now,
    int64_t *results)
{
	int64_t half_life = args[REPUTATION_HALF_LIFE];
	int64_t good = amount_of(&cells[REPUTATION_GOOD], half_life, now);
	int64_t bad = amount_of(&cells[REPUTATION_BAD], half_life, now);

	results[REPUTATION_SCORE] = 100 * (good - bad) /
	    (good + bad + REPUTATION_PRIOR * REPUTATION_ONE);
	results[REPUTATION_GOODS] =
	    (good + REPUTATION_ONE / 2) / REPUTATION_ONE;
	results[REPUTATION_BADS] = (bad + REPUTATION_ONE / 2) / REPUTATION_ONE;
}

static void
add(struct memory_cell *cell, int64_t outcomes, int64_t half_life, int64_t now)
{
	const int64_t most = REPUTATION_MOST * REPUTATION_ONE;
	int64_t amount, halves = 1;
	double left;

	if (outcomes <= 0)
		return;
	if (outcomes > REPUTATION_MOST)
		outcomes = REPUTATION_MOST;
	amount = amount_of(cell, half_life, now) + outcomes * REPUTATION_ONE;
	if (amount > most)
		amount = most;
	left = (double)amount;
	while (left >= LEAST) {
		left = left / 2;
		halves++;
	}
	cell->number[AMOUNT] = amount;
	cell->number[WHEN] = now;
	cell->expires = now + halves * half_life;
	cell->changed = true;
}

static void
count(struct memory_cell *cells, const int64_t *args, int64_t now,
    int64_t *results)
{
	int64_t half_life = args[REPUTATION_HALF_LIFE];
	size_t n = args[REPUTATION_BOTH] != 0 ? 2 : 1;

	results[REPUTATION_SCORE] = 0; /* there are none */
	for (size_t i = 0; i < n; i++) {
		add(&cells[2 * i + REPUTATION_GOOD], args[REPUTATION_ADD_GOOD],
		    half_life, now);
		add(&cells[2 * i + REPUTATION_BAD], args[REPUTATION_ADD_BAD],
		    half_life, now);
	}
}

/* What both scripts begin with: amount_of(). */
#define FADE                                                                   \
	"local half = arg[1]\n"                                                \
	"local function amount_of(c)\n"                                        \
	" if not c then return 0 end\n"                                        \
	" local age = now - c[2]\n"                                            \
	" if age <= 0 then return c[1] end\n"                                  \
	" local rest = math.fmod(age, half)\n"                                 \
	" local halves = (age - rest) / half\n"                                \
	" if halves >= 60 then return 0 end\n"                                 \
	" local left, part, power = c[1], rest / half, math.sqrt(0.5)\n"       \
	" for i = 1, halves do left = left / 2 end\n"                          \
	" for i = 1, 40 do\n"                                                  \
	"  if part <= 0 then break end\n"                                      \
	"  part = part * 2\n"                                                  \
	"  if part >= 1 then\n"                                                \
	"   part = part - 1\n"                                                 \
	"   left = left * power\n"                                             \
	"  end\n"                                                              \
	"  power = math.sqrt(power)\n"                                         \
	" end\n"                                                               \
	" return math.floor(left + 0.5)\n"                                     \
	"end\n"

_Static_assert(REPUTATION_HALF_LIFE == 0 && REPUTATION_ADD_GOOD == 1 &&
	REPUTATION_ADD_BAD == 2 && REPUTATION_BOTH == 3 &&
	REPUTATION_GOOD == 0 && REPUTATION_BAD == 1 &&
	REPUTATION_ONE == 1000000 && REPUTATION_MOST == 1000000 &&
	REPUTATION_PRIOR == 5 && MOST_HALVES == 60 && BITS == 40 &&
	LEAST == 5000,
    "the scripts' numbers");

const struct memory_rule reputation_rule = {
	.name = "reputation",
	.cells = 2,
	.maps = { "reputation_good", "reputation_bad" },
	.decide = ask,
	.script =
	    FADE "local good, bad = amount_of(cell[1]), amount_of(cell[2])\n"
		 "local score = 100 * (good - bad) / (good + bad + 5000000)\n"
		 "score = score < 0 and math.ceil(score) or math.floor(score)\n"
		 "return answer(score, math.floor((good + 500000) / 1000000),\n"
		 " math.floor((bad + 500000) / 1000000))\n",
};

const struct memory_rule reputation_rule_count = {
	.name = "reputation_count",
	.cells = 4,
	.maps = { "reputation_good", "reputation_bad", "reputation_good",
	    "reputation_bad" },
	.decide = count,
	.script = FADE
	"local function add(i, n)\n"
	" if n <= 0 then return end\n"
	" local amount = math.min(1e12,\n"
	"  amount_of(cell[i]) + math.min(n, 1e6) * 1e6)\n"
	" local halves, left = 1, amount\n"
	" while left >= 5000 do left, halves = left / 2, halves + 1 end\n"
	" keep(i, amount, now, now + halves * half)\n"
	"end\n"
	"for i = 0, arg[4] ~= 0 and 1 or 0 do\n"
	" add(2 * i + 1, arg[2])\n"
	" add(2 * i + 2, arg[3])\n"
	"end\n"
	"return answer(0, 0, 0)\n",
};
