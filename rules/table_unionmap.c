/* table_unionmap.c - unionmap:{type:name, ...}: what all tables say, with
 * commas between. */
#include "rules/table_unionmap.h"

#include "base/arena.h"
#include "rules/members.h"

static void *
open_unionmap(struct table_opening *opening, struct err *err)
{
	return members_open("unionmap", opening, err);
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct members *m = state;
	struct table_value one;

	for (size_t i = 0; i < m->count; i++) {
		switch (table_find(m->tables[i], arena, key, &one)) {
		case TABLE_NONE:
			break;
		case TABLE_FAILED:
			*value = one;
			return TABLE_FAILED;
		case TABLE_FOUND:
			/* Said to come from where the first one does. */
			if (value->text == NULL)
				*value = one;
			else
				value->text = arena_printf(
				    arena, "%s,%s", value->text, one.text);
			break;
		}
	}
	return value->text != NULL ? TABLE_FOUND : TABLE_NONE;
}

const struct table_type table_unionmap = {
	.name = "unionmap",
	.flags = TABLE_PRIVATE,
	.open = open_unionmap,
	.find = find,
	.close = members_close,
	.own_flags = members_flags,
};
