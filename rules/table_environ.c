/* table_environ.c - environ:name: the environment of the process. */
#include "rules/table_environ.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"

static void *
open_environ(struct table_opening *opening, struct err *err)
{
	static char state;

	(void)opening;
	(void)err;
	return &state;
}

/* Nobody changes the environment once there are threads. */
static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	size_t n = strlen(key);

	(void)state;
	for (char **e = environ; e != NULL && *e != NULL; e++)
		if (strncmp(*e, key, n) == 0 && (*e)[n] == '=') {
			value->text = arena_strdup(arena, *e + n + 1);
			return TABLE_FOUND;
		}
	return TABLE_NONE;
}

const struct table_type table_environ = {
	.name = "environ",
	.flags = TABLE_FOLDS,
	.open = open_environ,
	.find = find,
};
