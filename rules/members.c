/* members.c - see members.h. */
#include "rules/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/braces.h"

static void
add(struct members *m, struct table *table)
{
	m->tables = realloc(m->tables, (m->count + 1) * sizeof(struct table *));
	if (m->tables == NULL)
		fatal("out of memory");
	m->tables[m->count++] = table;
}

/* The list between the braces, if all its elements are "type:name". */
static const char *
list_of(const char *name, struct arena *arena)
{
	const char *inside, *cursor;
	char *word;
	size_t n = 0;

	if (!braces_whole(name))
		return NULL;
	inside = cursor = braces_strip(arena, name, NULL);
	for (; (word = conf_word(&cursor, arena)) != NULL; n++)
		if (strchr(word, ':') == NULL)
			return NULL;
	return n > 0 ? inside : NULL;
}

void *
members_open(const char *type, struct table_opening *opening, struct err *err)
{
	struct arena *arena = arena_new();
	const char *cursor = list_of(opening->name, arena);
	struct members *m = NULL;
	struct table *table;
	char *word;

	if (cursor == NULL) {
		err_set(err,
		    "bad syntax: \"%s:%s\"; need \"%s:{type:name...}\"", type,
		    opening->name, type);
		arena_free(arena);
		return NULL;
	}
	m = calloc(1, sizeof *m);
	if (m == NULL)
		fatal("out of memory");
	while ((word = conf_word(&cursor, arena)) != NULL) {
		table = table_open_as(word, opening->conf, opening->flags, err);
		opening->bad += table_bad_lines(table);
		add(m, table);
	}
	arena_free(arena);
	return m;
}

void
members_close(void *state)
{
	struct members *m = state;

	for (size_t i = 0; i < m->count; i++)
		table_close(m->tables[i]);
	free(m->tables);
	free(m);
}

unsigned
members_flags(void *state)
{
	struct members *m = state;
	unsigned flags = table_flags(m->tables[0]) & TABLE_WHOLE_KEY;

	for (size_t i = 0; i < m->count; i++)
		flags |= table_flags(m->tables[i]) & TABLE_MAY_BLOCK;
	return flags;
}
