/* words.c - see words.h. */
#include "proxy/words.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"

static const char blanks[] = " \t\n\v\f\r";

static bool
blank(char c)
{
	return c != '\0' && strchr(blanks, c) != NULL;
}

/* Behind the bracket or quote that closes the one at ${p}; a backslash and,
 * within brackets, quotes protect. */
static const char *
closing(const char *p)
{
	char open = *p,
	     close = (char)(open == '<' ? '>'
		     : open == '['      ? ']'
					: '"');
	bool quoted = false;

	for (p++; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == close && !quoted)
			return p + 1;
		else if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

/* The word from ${p} up to its colon, ${n} octets, is "from" or "to". */
static bool
leads_address(const char *p, size_t n)
{
	return (n == 4 && strncasecmp(p, "from", n) == 0) ||
	    (n == 2 && strncasecmp(p, "to", n) == 0);
}

static const char *
word_end(const char *p)
{
	const char *start = p;

	while (*p != '\0' && !blank(*p)) {
		if (*p == '<' || *p == '[' || *p == '"')
			p = closing(p);
		else if (*p++ == ':' &&
		    leads_address(start, (size_t)(p - start) - 1))
			break;
	}
	return p;
}

void
words_parse(struct arena *arena, const char *line, struct words *words)
{
	const char *p = line + strspn(line, blanks), *end;

	words->count = 0;
	while (*p != '\0') {
		if (words->count == WORDS_MOST - 1)
			end = p + strlen(p);
		else
			end = word_end(p);
		words->word[words->count++] =
		    arena_strndup(arena, p, (size_t)(end - p));
		p = end + strspn(end, blanks);
	}
	words->word[words->count] = NULL;
}

char *
words_join(struct arena *arena, const struct words *words, size_t from)
{
	struct buf b = { 0 };
	char *text;

	for (size_t i = from; i < words->count; i++) {
		if (i > from)
			buf_putc(&b, ' ');
		buf_puts(&b, words->word[i]);
	}
	text = arena_strndup(arena, buf_str(&b), b.len);
	buf_free(&b);
	return text;
}
