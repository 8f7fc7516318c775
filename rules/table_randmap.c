/* table_randmap.c - randmap:{value, value}: one of them, by chance, for every
 * key. */
#include "rules/table_randmap.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/braces.h"

struct randmap {
	struct arena *arena;
	const char **values;
	uint32_t count;
};

static void
close_randmap(void *state)
{
	struct randmap *t = state;

	free(t->values);
	arena_free(t->arena);
	free(t);
}

static void *
open_randmap(struct table_opening *opening, struct err *err)
{
	struct randmap *t = calloc(1, sizeof *t);
	const char *cursor = NULL, *value;

	if (t == NULL)
		fatal("out of memory");
	t->arena = arena_new();
	if (braces_whole(opening->name))
		cursor = braces_strip(t->arena, opening->name, NULL);
	while (
	    cursor != NULL && (value = conf_word(&cursor, t->arena)) != NULL) {
		t->values = realloc(t->values, (t->count + 1) * sizeof(char *));
		if (t->values == NULL)
			fatal("out of memory");
		t->values[t->count++] = value;
	}
	if (t->count > 0)
		return t;
	err_set(err, "bad syntax: \"randmap:%s\"; need \"randmap:{value...}\"",
	    opening->name);
	close_randmap(t);
	return NULL;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct randmap *t = state;

	(void)key;
	value->text =
	    arena_strdup(arena, t->values[arc4random_uniform(t->count)]);
	return TABLE_FOUND;
}

const struct table_type table_randmap = {
	.name = "randmap",
	.flags = TABLE_WHOLE_KEY,
	.open = open_randmap,
	.find = find,
	.close = close_randmap,
};
