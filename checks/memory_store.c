/* memory_store.c - see memory_store.h.
 *
 * A cell's value is its numbers, as this machine has them. */
#include "checks/memory_store.h"

#include <string.h>

#include "base/clock.h"
#include "base/state.h"

struct decision {
	const struct memory_question *question;
	int64_t now, *results;
	struct state_cell stored[MEMORY_CELLS];
	struct memory_cell cells[MEMORY_CELLS];
};

static void
decide(void *arg)
{
	struct decision *d = arg;
	const struct memory_rule *rule = d->question->rule;

	for (size_t i = 0; i < rule->cells; i++) {
		struct memory_cell *cell = &d->cells[i];
		const struct state_cell *stored = &d->stored[i];

		/* What is not of this form was written by nobody we know. */
		if (stored->value == NULL || stored->n != sizeof cell->number)
			continue;
		cell->there = true;
		memcpy(cell->number, stored->value, sizeof cell->number);
	}
	rule->decide(d->cells, d->question->args, d->now, d->results);
	for (size_t i = 0; i < rule->cells; i++) {
		if (!d->cells[i].changed)
			continue;
		d->stored[i].put = (const char *)d->cells[i].number;
		d->stored[i].nput = sizeof d->cells[i].number;
		d->stored[i].expires = d->cells[i].expires * CLOCK_MS;
	}
}

int
memory_store_decide(struct state *state, const struct memory_question *question,
    int64_t now, int64_t results[MEMORY_RESULTS])
{
	struct decision d = {
		.question = question, .now = now, .results = results
	};

	memset(results, 0, MEMORY_RESULTS * sizeof *results);
	for (size_t i = 0; i < question->rule->cells; i++) {
		d.stored[i].map = question->rule->maps[i];
		d.stored[i].key = question->keys[i];
	}
	return state_change(
	    state, d.stored, question->rule->cells, now * CLOCK_MS, decide, &d);
}
