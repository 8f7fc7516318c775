/* table_texthash.c - texthash:/path, the text file itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/index.h"
#include "rules/index_draft.h"
#include "rules/index_source.h"
#include "rules/pairs.h"
#include "rules/stamp.h"
#include "rules/table_texthash.h"

struct texthash {
	struct index *index;
	struct stamp stamp;
	char path[];
};

static void *
open_texthash(struct table_opening *opening, struct err *err)
{
	size_t n = strlen(opening->name) + 1;
	struct texthash *t = calloc(1, sizeof *t + n);
	struct index_draft *draft = index_draft_new();
	int bad = -1;

	if (t == NULL)
		fatal("out of memory");
	memcpy(t->path, opening->name, n);
	t->stamp = stamp_take(t->path);
	if (eaccess(t->path, R_OK) != 0)
		err_set(err, "open database %s: %s", t->path, err_errno(errno));
	else
		bad = index_source_read(
		    draft, t->path, NULL, PAIRS_TEXTHASH, opening->flags, err);
	if (bad < 0) {
		free(t);
		t = NULL;
	} else {
		opening->bad = (unsigned)bad;
		t->index = index_draft_open(draft);
	}
	index_draft_free(draft);
	return t;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	struct texthash *t = state;
	enum table_status status = index_find(t->index, arena, key, value);

	if (status == TABLE_FOUND)
		value->file = arena_strdup(arena, t->path);
	return status;
}

static void
close_texthash(void *state)
{
	struct texthash *t = state;

	index_close(t->index);
	free(t);
}

static bool
changed(void *state)
{
	struct texthash *t = state;

	return stamp_changed(&t->stamp, t->path);
}

static int
each(void *state,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	struct texthash *t = state;

	return index_each(t->index, fn, arg, err);
}

const struct table_type table_texthash = {
	.name = "texthash",
	.flags = TABLE_FOLDS,
	.open = open_texthash,
	.find = find,
	.close = close_texthash,
	.changed = changed,
	.each = each,
};
