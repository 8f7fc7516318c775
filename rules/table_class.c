/* table_class.c - class:/path: who has which class (class_store.h), as weir
 * class has set it.  A change counts from the next look-up on. */
#include "rules/table_class.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/index.h"
#include "rules/stamp.h"

struct classes {
	struct index *index;
	struct stamp stamp;
	char *path;
};

static void
close_class(void *state)
{
	struct classes *c = state;

	index_close(c->index);
	free(c->path);
	free(c);
}

static void *
open_class(struct table_opening *opening, struct err *err)
{
	struct classes *c = calloc(1, sizeof *c);
	struct stat st;

	if (c == NULL || (c->path = strdup(opening->name)) == NULL)
		fatal("out of memory");
	c->index = index_open(c->path, &st, err);
	if (c->index == NULL) {
		close_class(c);
		return NULL;
	}
	c->stamp = stamp_of(&st);
	return c;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	struct classes *c = state;
	enum table_status status = index_find(c->index, arena, key, value);

	if (status == TABLE_FOUND)
		value->file = arena_strdup(arena, c->path);
	else if (status == TABLE_FAILED)
		value->text =
		    arena_printf(arena, "%s: %s", c->path, value->text);
	return status;
}

static bool
changed(void *state)
{
	struct classes *c = state;

	return stamp_replaced(&c->stamp, c->path);
}

static int
each(void *state,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	struct classes *c = state;

	if (index_each(c->index, fn, arg, err) == 0)
		return 0;
	err_add(err, "%s", c->path);
	return -1;
}

const struct table_type table_class = {
	.name = "class",
	.flags = TABLE_FOLDS,
	.open = open_class,
	.find = find,
	.close = close_class,
	.changed = changed,
	.at_once = true,
	.each = each,
};
