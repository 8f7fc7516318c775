/* table_fail.c - fail:name, which cannot be asked; for tests. */
#include "rules/table_fail.h"

static void *
open_fail(struct table_opening *opening, struct err *err)
{
	static char state;

	(void)opening;
	(void)err;
	return &state;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	(void)state;
	(void)arena;
	(void)key;
	value->text = "Application error";
	return TABLE_FAILED;
}

const struct table_type table_fail = {
	.name = "fail",
	.flags = TABLE_WHOLE_KEY,
	.open = open_fail,
	.find = find,
};
