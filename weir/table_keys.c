/* table_keys.c - see table_keys.h. */
#include "weir/table_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "weir/file_values.h"
#include "weir/message_keys.h"
#include "weir/table_tool.h"
#include "weir/table_tool_write.h"

static struct table *
open_table(const struct table_tool *tool, const char *spec)
{
	struct err err = { "" };
	struct table *table;
	const char *path;

	if (tool->files && table_tool_type(tool, spec, &path)->writer == NULL)
		table_tool_fail(tool->program,
		    "%s: -F is for tables that %s makes", spec, tool->program);
	table = table_open_as(spec, tool->conf, tool->flags, &err);
	if (err.text[0] != '\0')
		table_tool_fail(tool->program, "%s", err.text);
	return table;
}

/* The tables of a query are opened when they are first asked. */
struct query {
	const struct table_tool *tool;
	struct table **tables;
	bool found;
};

/* What the first table that knows ${key} says, in ${arena}; NULL: none. */
static const char *
find(struct query *q, struct arena *arena, const char *key)
{
	const struct table_tool *tool = q->tool;
	struct table_value value;

	for (size_t i = 0; tool->specs[i] != NULL; i++) {
		if (q->tables[i] == NULL)
			q->tables[i] = open_table(tool, tool->specs[i]);
		switch (table_find(q->tables[i], arena, key, &value)) {
		case TABLE_NONE:
			continue;
		case TABLE_FAILED:
			table_tool_fail(tool->program,
			    "table %s: query error: %s",
			    table_spec(q->tables[i]), value.text);
		case TABLE_FOUND:
			break;
		}
		if (*value.text == '\0') {
			event_warning(NULL,
			    "table %s: key %s: empty string result is not "
			    "allowed",
			    table_spec(q->tables[i]), key);
			event_warning(NULL,
			    "table %s should return NO RESULT in case of NOT "
			    "FOUND",
			    table_spec(q->tables[i]));
		}
		if (!tool->files)
			return value.text;
		value.text = file_values_decode(arena, value.text);
		if (value.text == NULL)
			table_tool_fail(tool->program,
			    "table %s: key %s: malformed BASE64 value",
			    table_spec(q->tables[i]), key);
		return value.text;
	}
	return NULL;
}

static void
ask_line(void *arg, const char *key)
{
	struct query *q = arg;
	struct arena *arena = arena_new();
	const char *text = *key != '\0' ? find(q, arena, key) : NULL;

	if (text != NULL) {
		q->found = true;
		(void)printf("%s\t%s\n", key, text);
	}
	arena_free(arena);
}

static void
each_line(void (*fn)(void *arg, const char *line), void *arg)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		fn(arg, line);
	}
	free(line);
}

/* Output that is lost is a failure. */
static void
finish_output(const struct table_tool *tool)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		table_tool_fail(tool->program, "write error on output");
}

static void
query_input(const struct table_tool *tool, struct query *q)
{
	struct message_keys keys = { .headers = tool->headers,
		.body = tool->body,
		.mime = tool->mime,
		.key = ask_line,
		.arg = q };
	struct err err = { "" };

	if (!tool->headers && !tool->body) {
		each_line(ask_line, q);
		return;
	}
	if (message_keys_limits(&keys, tool->conf, &err) != 0)
		table_tool_fail(tool->program, "%s", err.text);
	message_keys_read(&keys, stdin);
}

int
table_keys_query(const struct table_tool *tool, const char *key)
{
	struct query q = { tool, NULL, false };
	struct arena *arena = arena_new();
	const char *text;
	size_t n = 0;

	while (tool->specs[n] != NULL)
		n++;
	q.tables = arena_alloc(arena, (n + 1) * sizeof(struct table *));
	if (strcmp(key, "-") == 0) {
		query_input(tool, &q);
	} else if ((text = find(&q, arena, key)) != NULL) {
		q.found = true;
		(void)printf("%s\n", text);
	}
	finish_output(tool);
	for (size_t i = 0; i < n; i++)
		table_close(q.tables[i]);
	arena_free(arena);
	return q.found ? 0 : 1;
}

static void
print_pair(void *arg, const char *key, const char *value, unsigned line)
{
	const struct table_tool *tool = arg;
	struct arena *arena = arena_new();

	(void)line;
	if (tool->files) {
		value = file_values_decode(arena, value);
		if (value == NULL)
			table_tool_fail(tool->program,
			    "key %s: malformed BASE64 value", key);
	}
	(void)printf("%s%s\t%s\n", key, tool->aliases ? ":" : "", value);
	arena_free(arena);
}

void
table_keys_list(const struct table_tool *tool)
{
	struct table_tool mine = *tool;
	struct err err = { "" };
	struct table *table;

	for (size_t i = 0; tool->specs[i] != NULL; i++) {
		table = open_table(tool, tool->specs[i]);
		if (table_each(table, print_pair, &mine, &err) != 0)
			table_tool_fail(tool->program, "%s", err.text);
		table_close(table);
	}
	finish_output(tool);
}

/* Lines of standard input, or one key. */
struct removal {
	const struct table_tool *tool;
	bool found;
};

static void
remove_one(void *arg, const char *key)
{
	struct removal *r = arg;

	for (size_t i = 0; r->tool->specs[i] != NULL; i++)
		r->found |=
		    table_tool_write_drop(r->tool, r->tool->specs[i], key);
}

int
table_keys_remove(const struct table_tool *tool, const char *key)
{
	struct removal r = { tool, false };

	if (strcmp(key, "-") == 0)
		each_line(remove_one, &r);
	else
		remove_one(&r, key);
	return r.found ? 0 : 1;
}
