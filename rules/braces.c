/* braces.c - see braces.h. */
#include "rules/braces.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

/* What follows the brace that closes the one at ${text}; NULL: none does. */
static const char *
behind(const char *text)
{
	size_t depth = 0;

	for (const char *p = text; *p != '\0'; p++) {
		depth += *p == '{';
		if (*p == '}' && --depth == 0)
			return p + 1;
	}
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
braces_whole(const char *text)
{
	const char *end = *text == '{' ? behind(text) : NULL;

	return end != NULL && *end == '\0';
}

char *
braces_strip(struct arena *arena, const char *text, struct err *err)
{
	const char *end;
	size_t n;

	if (*text != '{') {
		err_set(err, "no '{' at start of text in \"%s\"", text);
		return NULL;
	}
	end = behind(text);
	if (end == NULL) {
		err_set(err, "missing '}' in \"%s\"", text);
		return NULL;
	}
	if (end[strspn(end, " \t\n\v\f\r")] != '\0') {
		err_set(err, "syntax error after '}' in \"%s\"", text);
		return NULL;
	}
	for (text++, end--; text < end && is_blank(*text); text++)
		;
	for (n = (size_t)(end - text); n > 0 && is_blank(text[n - 1]); n--)
		;
	return arena_strndup(arena, text, n);
}
