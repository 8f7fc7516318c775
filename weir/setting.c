/* setting.c - see setting.h. */
#include "weir/setting.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/param.h"
#include "weir/generation.h"

static const char blanks[] = " \t\r\n\v\f";

int
setting_pair(const char *text, struct arena *arena, const char **name,
    const char **value, struct err *err)
{
	const char *start = text + strspn(text, blanks);
	size_t n = strcspn(start, " \t\r\n\v\f="), length;
	const char *p = start + n + strspn(start + n, blanks);

	if (*p != '=' || n == 0) {
		err_set(err,
		    *p == '=' ? "missing attribute name: \"%.100s\""
			      : "missing '=' after attribute name: \"%.100s\"",
		    text);
		return -1;
	}
	*name = arena_strndup(arena, start, n);
	p += 1 + strspn(p + 1, blanks);
	length = strlen(p);
	while (length > 0 && strchr(blanks, p[length - 1]) != NULL)
		length--;
	*value = arena_strndup(arena, p, length);
	return 0;
}

/* The row of ${name}, and the table that it stands in; NULL: none. */
static const struct param *
find_row(const char *name, const struct param_table **table)
{
	for (const struct param_table *const *t = generation_tables();
	     *t != NULL; t++) {
		for (size_t i = 0; i < (*t)->count; i++) {
			if (strcmp((*t)->rows[i].name, name) == 0) {
				*table = *t;
				return &(*t)->rows[i];
			}
		}
	}
	return NULL;
}

bool
setting_is_raw(const char *name)
{
	const struct param_table *table;
	const struct param *row = find_row(name, &table);

	return row != NULL && row->type == PARAM_raw;
}

int
setting_check(struct conf *conf, const char *name, struct err *err)
{
	struct arena *arena = arena_new();
	const struct param_table *table = NULL;
	const struct param *row = find_row(name, &table);
	struct param_table one;
	int status = 0;

	if (row != NULL && row->type != PARAM_unused) {
		one = *table;
		one.rows = row;
		one.count = 1;
		status = param_load(
		    &one, conf, arena, arena_alloc(arena, one.size), err);
	} else if (!setting_is_raw(name) &&
	    conf_get(conf, name, arena, err) == NULL) {
		status = -1;
	}
	arena_free(arena);
	return status;
}
