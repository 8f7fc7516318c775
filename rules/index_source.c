/* index_source.c - see index_source.h. */
#include "rules/index_source.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/event.h"
#include "rules/fold.h"
#include "rules/index_draft.h"
#include "rules/pairs.h"
#include "rules/table.h"

struct reading {
	struct index_draft *draft;
	const char *path, *name;
	unsigned flags;
	struct arena *arena;
};

static void
add(void *arg, const char *key, const char *value, unsigned line)
{
	struct reading *r = arg;

	arena_reset(r->arena);
	if ((r->flags & TABLE_KEEP_CASE) == 0)
		key = fold_key(r->arena, key);
	if (!index_draft_has(r->draft, key))
		index_draft_set(r->draft, key, value, line);
	else if (r->name != NULL)
		event_warning(
		    NULL, "%s: duplicate entry: \"%s\"", r->name, key);
	else
		event_warning(NULL, "%s, line %u: duplicate entry: \"%s\"",
		    r->path, line, key);
}

int
index_source_read(struct index_draft *draft, const char *path, const char *name,
    unsigned pairs_flags, unsigned table_flags, struct err *err)
{
	struct reading r = { draft, path, name, table_flags, arena_new() };
	int bad;

	if ((table_flags & TABLE_ANY_OCTETS) != 0)
		pairs_flags |= PAIRS_ANY_OCTETS;
	bad = pairs_read(path, pairs_flags, add, &r, err);
	arena_free(r.arena);
	return bad;
}
