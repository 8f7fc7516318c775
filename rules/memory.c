/* memory.c - see memory.h. */
#include "rules/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fatal.h"
#include "base/strmap.h"

struct memory {
	struct strmap cells; /* by "map key" */
};

struct memory *
memory_new(void)
{
	struct memory *m = calloc(1, sizeof *m);

	if (m == NULL)
		fatal("out of memory");
	return m;
}

void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->cells.count; i++)
		free(m->cells.items[i].value);
	strmap_free(&m->cells);
	free(m);
}

static const char *
name_of(struct buf *name, const struct memory_question *q, size_t i)
{
	buf_reset(name);
	buf_printf(name, "%s %s", q->rule->maps[i], q->keys[i]);
	return buf_str(name);
}

static void
keep(struct memory *m, const char *name, const struct memory_cell *cell)
{
	struct memory_cell *kept = strmap_find(&m->cells, name);

	if (kept == NULL) {
		kept = malloc(sizeof *kept);
		if (kept == NULL)
			fatal("out of memory");
		(void)strmap_set(&m->cells, name, kept);
	}
	*kept = *cell;
	kept->there = true;
	kept->changed = false;
}

void
memory_decide(struct memory *m, const struct memory_question *q, int64_t now,
    int64_t results[MEMORY_RESULTS])
{
	struct memory_cell cells[MEMORY_CELLS] = { 0 };
	struct buf name = { 0 };

	for (size_t i = 0; i < q->rule->cells; i++) {
		const struct memory_cell *kept =
		    strmap_find(&m->cells, name_of(&name, q, i));

		if (kept != NULL && kept->expires > now)
			cells[i] = *kept;
	}
	memset(results, 0, MEMORY_RESULTS * sizeof *results);
	q->rule->decide(cells, q->args, now, results);
	for (size_t i = 0; i < q->rule->cells; i++)
		if (cells[i].changed)
			keep(m, name_of(&name, q, i), &cells[i]);
	buf_free(&name);
}
