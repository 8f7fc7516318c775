/* ruletext.c - see ruletext.h. */
#include "rules/ruletext.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/lines.h"
#include "rules/braces.h"

bool
ruletext_is_file(const char *name)
{
	return *name != '{';
}

bool
ruletext_word(const char *rule, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(rule, word, n) == 0 &&
	    !isalnum((unsigned char)rule[n]);
}

void
ruletext_warn(
    const char *type, const char *name, unsigned line, const char *format, ...)
{
	struct arena *arena = arena_new();
	va_list ap;

	va_start(ap, format);
	event_warning(NULL, "%s map %s, line %u: %s", type, name, line,
	    arena_vprintf(arena, format, ap));
	va_end(ap);
	arena_free(arena);
}

static int
read_file(const char *name, void (*fn)(void *arg, char *rule, unsigned line),
    void *arg, struct err *err)
{
	struct buf text = { 0 }, line = { 0 };
	struct lines lines;
	unsigned number;
	int result = lines_load(name, &text, err);

	if (result == 0) {
		lines = (struct lines){ .file = name,
			.p = buf_str(&text),
			.end = buf_str(&text) + text.len };
		while (lines_next(&lines, &line, &number))
			fn(arg, line.data, number);
	}
	buf_free(&line);
	buf_free(&text);
	return result;
}

static int
read_braces(const char *type, const char *name,
    void (*fn)(void *arg, char *rule, unsigned line), void *arg,
    struct err *err)
{
	struct arena *arena = arena_new();
	const char *cursor = braces_strip(arena, name, err);
	char *word = NULL, *rule;
	unsigned number = 0;
	bool good = cursor != NULL;

	while (good && (word = conf_word(&cursor, arena)) != NULL) {
		rule = braces_strip(arena, word, err);
		good = rule != NULL;
		number++;
		if (good && *rule != '\0' && *rule != '#')
			fn(arg, rule, number);
	}
	if (!good)
		err_add(err, "%s map", type);
	arena_free(arena);
	return good ? 0 : -1;
}

int
ruletext_read(const char *type, const char *name,
    void (*fn)(void *arg, char *rule, unsigned line), void *arg,
    struct err *err)
{
	if (ruletext_is_file(name))
		return read_file(name, fn, arg, err);
	return read_braces(type, name, fn, arg, err);
}
