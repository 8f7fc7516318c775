/* table_static.c - static:value, static:{ a value with blanks }. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/braces.h"
#include "rules/table_static.h"

static void *
open_static(struct table_opening *opening, struct err *err)
{
	struct arena *arena = arena_new();
	const char *text = opening->name;
	char *value = NULL;

	if (*text == '{') {
		text = braces_strip(arena, text, err);
		if (text == NULL)
			err_add(err, "bad static:name syntax");
	}
	if (text != NULL && (value = strdup(text)) == NULL)
		fatal("out of memory");
	arena_free(arena);
	return value;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	(void)key;
	value->text = arena_strdup(arena, state);
	return TABLE_FOUND;
}

const struct table_type table_static = {
	.name = "static",
	.flags = 0,
	.open = open_static,
	.find = find,
	.close = free,
};
