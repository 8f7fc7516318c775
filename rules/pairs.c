/* pairs.c - see pairs.h. */
#include "rules/pairs.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/lines.h"
#include "base/utf8.h"

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char *
skip_blanks(char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/* Cut the blanks at the end of ${text}. */
static void
trim(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && is_blank(text[n - 1]))
		text[--n] = '\0';
}

/* The end of the string that begins with the quote at ${p}; NULL: none. */
static char *
end_of_quoted(char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '\0')
			return NULL;
	}
	return p + 1;
}

/* "key value"; blanks within quotes belong to the key, and the quotes too. */
static const char *
split_pair(char *line, char **key, char **value)
{
	char *p = line;

	while (*p != '\0' && !is_blank(*p)) {
		p = *p == '"' ? end_of_quoted(p) : p + 1;
		if (p == NULL)
			return "unbalanced";
	}
	*key = line;
	*value = p;
	if (*p != '\0') {
		*p = '\0';
		*value = skip_blanks(p + 1);
	}
	return **value == '\0' ? "expected format: key whitespace value" : NULL;
}

/* The key of an alias as it is looked up: without quotes and escapes, blanks
 * outside of quotes made one. */
static const char *
split_alias(char *line, char **key, char **value)
{
	char *p = line, *to = line;
	bool quoted = false, local = true;

	*key = line;
	for (; *p != '\0' && (quoted || *p != ':'); p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (*p == '\\' && p[1] != '\0') {
			*to++ = *++p;
		} else if (!quoted && is_blank(*p)) {
			if (to > line && to[-1] != ' ')
				*to++ = ' ';
		} else {
			local = local && (quoted || *p != '@');
			*to++ = *p;
		}
	}
	if (*p != ':')
		return "need name:value pair";
	*value = skip_blanks(p + 1);
	*to = '\0';
	trim(line);
	if (*line == '\0' || **value == '\0')
		return "need name:value pair";
	return local ? NULL : "name must be local";
}

/* The targets of an alias: one blank where there are several, and after every
 * comma. */
static const char *
tidy_targets(const char *p, struct buf *out)
{
	bool quoted = false, comma = false;

	buf_reset(out);
	for (; *p != '\0'; p++) {
		if (*p == '"')
			quoted = !quoted;
		if (!quoted && is_blank(*p)) {
			while (is_blank(p[1]))
				p++;
			comma = p[1] != ',' && p[1] != '\0';
			continue;
		}
		if (comma)
			buf_putc(out, ' ');
		comma = !quoted && *p == ',';
		buf_putc(out, *p);
		if (*p == '\\' && p[1] != '\0')
			buf_putc(out, *++p);
	}
	return buf_str(out);
}

/* One reading of a text. */
struct reading {
	const char *path;
	unsigned flags;
	void (*fn)(
	    void *arg, const char *key, const char *value, unsigned line);
	void *arg;
	struct buf line, targets;
	int bad;
};

static void
complain(struct reading *r, unsigned line, const char *why)
{
	const char *ending =
	    (r->flags & PAIRS_TEXTHASH) != 0 ? " -- ignoring this line" : "";

	r->bad++;
	event_warning(NULL, "%s, line %u: %s%s", r->path, line, why, ending);
}

static void
take(struct reading *r, unsigned line)
{
	char *text = r->line.data, *key, *value;
	const char *why, *targets;

	if ((r->flags & PAIRS_ANY_OCTETS) == 0 && !utf8_valid(text)) {
		event_warning(NULL,
		    "%s, line %u: non-UTF-8 input \"%s\" -- "
		    "ignoring this line",
		    r->path, line, text);
		r->bad++;
		return;
	}
	if ((r->flags & PAIRS_ALIASES) != 0) {
		why = split_alias(text, &key, &value);
		if (why != NULL) {
			complain(r, line, why);
			return;
		}
		targets = tidy_targets(value, &r->targets);
		r->fn(r->arg, key, targets, line);
		return;
	}
	why = split_pair(text, &key, &value);
	if (why != NULL && strcmp(why, "unbalanced") == 0) {
		event_warning(NULL,
		    "%s, line %u: unbalanced '\"' in '%s' -- "
		    "ignoring this line",
		    r->path, line, text);
		r->bad++;
	} else if (why != NULL) {
		complain(r, line, why);
	} else {
		if (key[strlen(key) - 1] == ':')
			event_warning(NULL,
			    "%s, line %u: record is in \"key: value\" format; "
			    "is this an alias file?",
			    r->path, line);
		r->fn(r->arg, key, value, line);
	}
}

/* Is every line "key: value"?  Keys that are IPv6 addresses have colons too,
 * but nothing blank behind the first one. */
static bool
looks_like_aliases(const char *text, size_t len)
{
	struct lines lines = { .file = "", .p = text, .end = text + len };
	struct buf line = { 0 };
	unsigned number, all = 0, spaced = 0;
	bool is = true;

	while (is && lines_next(&lines, &line, &number)) {
		char *p = line.data;

		while (p != NULL && *p != '\0' && *p != ':' && !is_blank(*p))
			p = *p == '"' ? end_of_quoted(p) : p + 1;
		is = p != NULL && *p == ':' && p > line.data;
		all++;
		spaced += is && is_blank(p[1]);
	}
	buf_free(&line);
	return is && all > 0 && spaced * 2 >= all;
}

static int
read_all(struct reading *r, const char *text, size_t len)
{
	struct lines lines = { .file = r->path, .p = text, .end = text + len };
	unsigned line;

	if ((r->flags & PAIRS_GUESS) != 0 && looks_like_aliases(text, len))
		r->flags |= PAIRS_ALIASES;
	while (lines_next(&lines, &r->line, &line))
		take(r, line);
	buf_free(&r->line);
	buf_free(&r->targets);
	return r->bad;
}

int
pairs_parse(const char *path, const char *text, unsigned flags,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg)
{
	struct reading r = {
		.path = path, .flags = flags, .fn = fn, .arg = arg
	};

	return read_all(&r, text, strlen(text));
}

int
pairs_read(const char *path, unsigned flags,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	struct reading r = {
		.path = path, .flags = flags, .fn = fn, .arg = arg
	};
	struct buf text = { 0 };
	int bad = -1;

	if (lines_load(path, &text, err) == 0)
		bad = read_all(&r, buf_str(&text), text.len);
	buf_free(&text);
	return bad;
}
