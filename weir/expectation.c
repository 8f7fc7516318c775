/* expectation.c - see expectation.h. */
#include "weir/expectation.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "classes/trace.h"

/* Of several lines, as a milter may answer, one is meant. */
enum { PATTERN_FLAGS = REG_EXTENDED | REG_NOSUB | REG_NEWLINE };

static const char blanks[] = " \t";

/* ${text} without blanks at its ends. */
static const char *
trim(struct arena *arena, const char *text, size_t n)
{
	while (n > 0 && strchr(blanks, text[n - 1]) != NULL)
		n--;
	while (n > 0 && strchr(blanks, *text) != NULL) {
		text++;
		n--;
	}
	return arena_strndup(arena, text, n);
}

/* Behind the word ${word} at the start of ${text}, or NULL. */
static const char *
behind(const char *text, const char *word)
{
	size_t n = strlen(word);

	return strncmp(text, word, n) == 0 && strchr(blanks, text[n]) != NULL &&
		text[n] != '\0'
	    ? text + n + strspn(text + n, blanks)
	    : NULL;
}

/* The end of a pattern: a slash with nothing, or "by", behind it; patterns may
 * have others. */
static const char *
pattern_end(const char *text)
{
	const char *end, *rest;

	for (end = strchr(text, '/'); end != NULL; end = strchr(end + 1, '/')) {
		rest = end + 1 + strspn(end + 1, blanks);
		if (*rest == '\0' ||
		    (rest > end + 1 && behind(rest, "by") != NULL))
			return end;
	}
	return NULL;
}

static bool
is_reply(const char *words)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	static const char *const fates[] = { "HOLD", "DISCARD", "REDIRECT",
		"DUNNO", "DEFER_IF_PERMIT", "DEFER_IF_REJECT", "FILTER", "BCC",
		"PREPEND" };
	size_t n = strcspn(words, blanks);

	if (strcasecmp(words, "OK") == 0 || strcmp(words, "250") == 0)
		return true;
	/* What a policy server answers may be the name of a class. */
	if (n > 0 && words[n] == '\0' && strspn(words, name) == n &&
	    islower((unsigned char)words[0]))
		return true;
	for (size_t i = 0; i < sizeof fates / sizeof fates[0]; i++)
		if (strlen(fates[i]) == n &&
		    strncasecmp(words, fates[i], n) == 0)
			return true;
	return (words[0] == '4' || words[0] == '5') &&
	    isdigit((unsigned char)words[1]) &&
	    isdigit((unsigned char)words[2]) &&
	    (words[3] == '\0' || words[3] == ' ');
}

bool
expectation_parse(const char *text, struct arena *arena, struct expectation *e,
    struct err *err)
{
	const char *p = text, *end, *rest;
	regex_t re;
	int status;
	char why[256];

	*e = (struct expectation){ 0 };
	while (*p != '\0' && behind(p, "text") == NULL &&
	    behind(p, "by") == NULL) {
		p += strcspn(p, blanks);
		p += strspn(p, blanks);
	}
	e->words = trim(arena, text, (size_t)(p - text));
	rest = behind(p, "text");
	if (rest != NULL) {
		end = *rest == '/' ? pattern_end(rest + 1) : NULL;
		if (end == NULL) {
			err_set(err, "text needs a /pattern/");
			return false;
		}
		e->pattern =
		    arena_strndup(arena, rest + 1, (size_t)(end - rest - 1));
		p = end + 1 + strspn(end + 1, blanks);
		status = regcomp(&re, e->pattern, PATTERN_FLAGS);
		if (status != 0) {
			(void)regerror(status, &re, why, sizeof why);
			err_set(err, "%s: %s", e->pattern, why);
			return false;
		}
		regfree(&re);
	}
	rest = behind(p, "by");
	if (rest != NULL)
		e->by = trim(arena, rest, strlen(rest));
	if (is_reply(e->words) && (rest != NULL || *p == '\0'))
		return true;
	err_set(err,
	    "expect CODE [DSN] [text /PATTERN/] "
	    "[by RESTRICTION|TABLE:LINE]");
	return false;
}

static bool
matches(const char *text, const char *pattern)
{
	regex_t re;
	bool found;

	if (regcomp(&re, pattern, PATTERN_FLAGS) != 0)
		return false;
	found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

/* ${words} are the first ones of ${reply}. */
static bool
begins(const char *reply, const char *words)
{
	size_t n = strlen(words);

	/* So clients see it. */
	if (strcmp(words, "250") == 0) {
		words = "OK";
		n = 2;
	}
	return strncasecmp(reply, words, n) == 0 &&
	    (reply[n] == '\0' || reply[n] == ' ' || reply[n] == '\n');
}

/* "name", or the end of the path "/directory/name". */
static bool
is_file(const char *path, const char *name, size_t n)
{
	size_t len = strlen(path);

	return len >= n && memcmp(path + len - n, name, n) == 0 &&
	    (len == n || name[0] == '/' || path[len - n - 1] == '/');
}

/* "file:line", "type:file:line". */
static bool
is_place(const struct trace_step *step, const char *by)
{
	const char *colon = strrchr(by, ':'), *name = by, *type;
	unsigned long line = 0;

	if (step->file == NULL || colon == NULL ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return false;
	for (const char *p = colon + 1; *p != '\0' && line < 1000000000; p++)
		line = 10 * line + (unsigned long)(*p - '0');
	type = memchr(by, ':', (size_t)(colon - by));
	if (type != NULL)
		name = type + 1;
	return line == step->line &&
	    is_file(step->file, name, (size_t)(colon - name));
}

static bool
is_by(const struct trace_step *step, const char *by)
{
	const char *restriction = step->restriction;
	size_t n = strcspn(restriction, " ");

	return strcasecmp(by, restriction) == 0 ||
	    (strlen(by) == n && strncasecmp(by, restriction, n) == 0) ||
	    is_place(step, by);
}

bool
expectation_met(const struct expectation *e, const char *reply,
    const struct trace_step *decision, struct err *err)
{
	if (!begins(reply, e->words)) {
		err_set(err, "the reply is not %s", e->words);
		return false;
	}
	if (e->pattern != NULL && !matches(reply, e->pattern)) {
		err_set(err, "the reply does not match /%s/", e->pattern);
		return false;
	}
	if (e->by == NULL || (decision != NULL && is_by(decision, e->by)))
		return true;
	if (decision == NULL)
		err_set(err, "it was decided by nothing, not by %s", e->by);
	else if (decision->file == NULL)
		err_set(err, "it was decided by %s, not by %s",
		    decision->restriction, e->by);
	else
		err_set(err, "it was decided by %s [%s:%u], not by %s",
		    decision->restriction, decision->file, decision->line,
		    e->by);
	return false;
}
