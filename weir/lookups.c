/* lookups.c - see lookups.h. */
#include "weir/lookups.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_text.h"

void
lookups_told(void *arg, const struct watch_find *find)
{
	struct lookups *l = arg;
	struct lookup *made;

	if (l->only != NULL && find->table != l->only)
		return;
	made = arena_alloc(l->arena, sizeof *made);
	made->table = table_spec(find->table);
	made->key = arena_strdup(l->arena, find->key);
	made->status = find->status;
	made->value = *find->value;
	if (l->last != NULL)
		l->last->next = made;
	else
		l->first = made;
	l->last = made;
}

void
lookups_forget(struct lookups *l)
{
	l->first = l->last = NULL;
}

static const char *
text_of(const struct table_value *value)
{
	return value->text != NULL ? value->text : "";
}

void
lookups_print(const struct lookups *l, int indent)
{
	for (const struct lookup *u = l->first; u != NULL; u = u->next) {
		(void)printf("%*s", indent, "");
		if (l->only == NULL)
			(void)printf("%s: ", u->table);
		(void)printf("%s: ", u->key);
		if (u->status == TABLE_NONE)
			(void)printf("not found");
		else if (u->status == TABLE_FAILED)
			(void)printf("could not ask: %s", text_of(&u->value));
		else
			(void)printf("%s", text_of(&u->value));
		if (u->status == TABLE_FOUND && u->value.file != NULL)
			(void)printf(" [%s:%u]", u->value.file, u->value.line);
		(void)putchar('\n');
	}
}

void
lookups_answer(
    enum table_status status, const struct table_value *value, struct buf *out)
{
	static const char *const words[] = {
		[TABLE_FOUND] = "found",
		[TABLE_NONE] = "not found",
		[TABLE_FAILED] = "could not ask",
	};

	json_text_member(out, "result", words[status]);
	if (status == TABLE_FOUND)
		json_text_member(out, "value", text_of(value));
	if (status == TABLE_FAILED)
		json_text_member(out, "reason", text_of(value));
	if (status == TABLE_FOUND && value->file != NULL) {
		json_text_member(out, "file", value->file);
		json_text_name(out, "line");
		buf_printf(out, "%u", value->line);
	}
}

void
lookups_json(const struct lookups *l, struct buf *out)
{
	buf_putc(out, '[');
	for (const struct lookup *u = l->first; u != NULL; u = u->next) {
		buf_puts(out, u == l->first ? "{" : ",{");
		if (l->only == NULL)
			json_text_member(out, "table", u->table);
		json_text_member(out, "key", u->key);
		lookups_answer(u->status, &u->value, out);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
}
