/* table_pipemap.c - pipemap:{type:name, ...}: what one table says is asked of
 * the next. */
#include "rules/table_pipemap.h"

#include "rules/members.h"

static void *
open_pipemap(struct table_opening *opening, struct err *err)
{
	return members_open("pipemap", opening, err);
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct members *m = state;
	enum table_status status = TABLE_NONE;

	for (size_t i = 0; i < m->count; i++) {
		status = table_find(m->tables[i], arena, key, value);
		if (status != TABLE_FOUND)
			break;
		key = value->text;
	}
	return status;
}

const struct table_type table_pipemap = {
	.name = "pipemap",
	.flags = TABLE_PRIVATE,
	.open = open_pipemap,
	.find = find,
	.close = members_close,
	.own_flags = members_flags,
};
