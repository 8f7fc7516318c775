/* local_words.c - see local_words.h. */
#include "delivery/local_words.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "rules/rfc822.h"

static const char include[] = ":include:";
enum { INCLUDE = sizeof include - 1, ROOM = 8 };

struct list {
	struct arena *arena;
	struct local_word *words;
	size_t count, room;
};

static void
add(struct list *list, enum local_word_kind kind, const char *text)
{
	struct local_word *wider;

	if (list->count == list->room) {
		list->room = list->room == 0 ? ROOM : 2 * list->room;
		wider = arena_alloc(list->arena, list->room * sizeof *wider);
		if (list->count > 0)
			memcpy(wider, list->words, list->count * sizeof *wider);
		list->words = wider;
	}
	list->words[list->count++] = (struct local_word){ kind, text };
}

static void
add_command(struct list *list, const char *text)
{
	if (text[0] != '\0')
		add(list, LOCAL_WORD_COMMAND, text);
}

static void
add_address(struct list *list, const char *text)
{
	if (text[0] == '/')
		add(list, LOCAL_WORD_FILE, text);
	else if (text[0] == '|')
		add_command(list, text + 1);
	else if (strncasecmp(text, include, INCLUDE) == 0)
		add(list, LOCAL_WORD_INCLUDE, text + INCLUDE);
	else if (text[0] != '\0')
		add(list, LOCAL_WORD_ADDRESS, text);
}

/* |"command with blanks" is one word, as "|command" is. */
static const char *
bring_in(struct arena *arena, const char *text)
{
	text += strspn(text, " \t\r\n");
	return text[0] == '|' && text[1] == '"'
	    ? arena_printf(arena, "\"|%s", text + 2)
	    : text;
}

static void
add_part(struct list *list, const char *text)
{
	struct rfc822 row =
	    rfc822_parse(list->arena, bring_in(list->arena, text));

	for (size_t i = 0; i < row.count; i++)
		if (row.tokens[i].kind == RFC822_ADDRESS)
			add_address(list,
			    rfc822_internal(list->arena, *row.tokens[i].inner));
}

/* The end of what stands between two commas; those in quotes, comments and
 * brackets are part of it. */
static size_t
part_length(const char *text)
{
	size_t i = 0, depth = 0;
	bool quoted = false;

	for (; text[i] != '\0'; i++) {
		if (text[i] == '\\' && text[i + 1] != '\0')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '(' || text[i] == '<'))
			depth++;
		else if (!quoted && depth > 0 &&
		    (text[i] == ')' || text[i] == '>'))
			depth--;
		else if (!quoted && depth == 0 && text[i] == ',')
			break;
	}
	return i;
}

/* ":include:" in front of a path is no group of RFC 5322. */
static void
parse(struct list *list, const char *text)
{
	while (*text != '\0') {
		const char *part;
		size_t n;

		text += strspn(text, " \t\r\n,");
		n = part_length(text);
		part = arena_strndup(list->arena, text, n);
		text += n;
		if (strncasecmp(part, include, INCLUDE) != 0) {
			add_part(list, part);
			continue;
		}
		n = INCLUDE + strcspn(part + INCLUDE, " \t\r\n");
		add(list, LOCAL_WORD_INCLUDE,
		    arena_strndup(list->arena, part + INCLUDE, n - INCLUDE));
		add_part(list, part + n);
	}
}

size_t
local_words(struct arena *arena, const char *text, struct local_word **words)
{
	struct list list = { .arena = arena };

	parse(&list, text);
	*words = list.words;
	return list.count;
}

size_t
local_words_file(
    struct arena *arena, const char *text, struct local_word **words)
{
	struct list list = { .arena = arena };

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (*text != '#')
			parse(&list, arena_strndup(arena, text, n));
		text += n;
		text += *text == '\n';
	}
	*words = list.words;
	return list.count;
}
