/* table_inline.c - inline:{key=value, {key = a value with blanks}}. */
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "rules/braces.h"
#include "rules/fold.h"
#include "rules/index.h"
#include "rules/index_draft.h"
#include "rules/table_inline.h"

/* What an entry is called whose place is a number in the list. */
static const char file[] = "inline";

struct telling {
	void (*fn)(void *arg, const char *file, unsigned line);
	void *arg;
};

/* The end of a key, which may have blanks and '=' in quotes; NULL: a quote
 * that is not closed. */
static char *
key_end(char *key)
{
	bool quoted = false;

	for (; *key != '\0'; key++) {
		if (*key == '"')
			quoted = !quoted;
		else if (*key == '\\' && key[1] != '\0')
			key++;
		else if (!quoted && strchr(" \t\n\v\f\r=", *key) != NULL)
			break;
	}
	return quoted ? NULL : key;
}

/* Split "key = value" in place; what is wrong with it, or NULL. */
static const char *
split(char *text, char **key, char **value)
{
	static const char blanks[] = " \t\n\v\f\r";
	char *end;

	*key = text + strspn(text, blanks);
	end = key_end(*key);
	if (end == NULL)
		return "unbalanced '\"'";
	*value = end + strspn(end, blanks);
	if (**value != '=')
		return "missing '=' after attribute name";
	*value += 1;
	*value += strspn(*value, blanks);
	*end = '\0';
	for (end = *value + strlen(*value);
	     end > *value && strchr(blanks, end[-1]) != NULL; end--)
		end[-1] = '\0';
	return NULL;
}

/* Take one element, the ${number}th; NULL, or what is wrong. */
static const char *
add(struct index_draft *draft, struct arena *arena, char *element,
    unsigned number, unsigned flags)
{
	struct err why = { "" };
	const char *wrong;
	char *key, *value;

	if (*element == '{') {
		element = braces_strip(arena, element, &why);
		if (element == NULL)
			return arena_strdup(arena, why.text);
	}
	wrong = split(element, &key, &value);
	if (wrong != NULL)
		return wrong;
	if ((flags & TABLE_KEEP_CASE) == 0)
		key = fold_key(arena, key);
	index_draft_set(draft, key, value, number);
	return NULL;
}

static void *
open_inline(struct table_opening *opening, struct err *err)
{
	struct arena *arena = arena_new();
	struct index_draft *draft = index_draft_new();
	struct index *index = NULL;
	const char *cursor, *wrong = NULL;
	char *element, *inside = NULL;
	unsigned count = 0;

	if (braces_whole(opening->name))
		inside = braces_strip(arena, opening->name, err);
	if (inside == NULL || opening->name[1] == '}') {
		wrong = "bad syntax";
		inside = NULL;
	}
	for (cursor = inside;
	     wrong == NULL && (element = conf_word(&cursor, arena)) != NULL;)
		wrong = add(draft, arena, element, ++count, opening->flags);
	if (wrong == NULL && count == 0)
		wrong = "empty table";
	if (wrong == NULL)
		index = index_draft_open(draft);
	else
		err_set(err,
		    "%s: \"inline:%s\"; need \"inline:{name=value...}\"", wrong,
		    opening->name);
	index_draft_free(draft);
	arena_free(arena);
	return index;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	enum table_status status = index_find(state, arena, key, value);

	if (status == TABLE_FOUND)
		value->file = file;
	return status;
}

static void
close_inline(void *state)
{
	index_close(state);
}

static int
each(void *state,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	return index_each(state, fn, arg, err);
}

static void
tell(void *arg, const char *key, const char *value, unsigned line)
{
	const struct telling *t = arg;

	(void)key;
	(void)value;
	t->fn(t->arg, file, line);
}

static void
lines(void *state, void (*fn)(void *arg, const char *file, unsigned line),
    void *arg)
{
	struct telling telling = { fn, arg };

	(void)index_each(state, tell, &telling, NULL);
}

const struct table_type table_inline = {
	.name = "inline",
	.flags = TABLE_FOLDS,
	.open = open_inline,
	.find = find,
	.close = close_inline,
	.each = each,
	.lines = lines,
};
