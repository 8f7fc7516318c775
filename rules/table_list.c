/* table_list.c - see table_list.h. */
#include "rules/table_list.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "rules/table.h"

struct table_list *
table_list_open(const char *text, const char *name, struct conf *conf,
    struct arena *arena, struct err *err)
{
	return table_list_open_as(text, name, conf, 0, arena, err);
}

struct table_list *
table_list_open_as(const char *text, const char *name, struct conf *conf,
    unsigned flags, struct arena *arena, struct err *err)
{
	struct table_list *list = arena_alloc(arena, sizeof *list);
	const char *cursor = text;
	struct table **tables;
	struct err one, all = { "" };
	size_t room = 4;
	char *word;

	list->name = arena_strdup(arena, name);
	list->tables = arena_alloc(arena, room * sizeof(struct table *));
	while ((word = conf_word(&cursor, arena)) != NULL) {
		if (list->count == room) {
			tables = arena_alloc(
			    arena, 2 * room * sizeof(struct table *));
			memcpy(tables, list->tables,
			    room * sizeof(struct table *));
			list->tables = tables;
			room *= 2;
		}
		one.text[0] = '\0';
		list->tables[list->count++] =
		    table_open_as(word, conf, flags, &one);
		if (one.text[0] == '\0')
			continue;
		if (all.text[0] != '\0')
			err_add(&all, "%s: %s", word, one.text);
		else
			err_set(&all, "%s: %s", word, one.text);
	}
	if (all.text[0] != '\0')
		err_set(err, "%s", all.text);
	return list;
}

void
table_list_close(struct table_list *list)
{
	for (size_t i = 0; list != NULL && i < list->count; i++)
		table_close(list->tables[i]);
}

unsigned
table_list_flags(const struct table_list *list)
{
	unsigned flags = 0;

	for (size_t i = 0; i < list->count; i++)
		flags |= table_flags(list->tables[i]);
	return flags;
}
