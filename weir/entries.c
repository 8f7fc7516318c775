/* entries.c - see entries.h. */
#include "weir/entries.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/lines.h"
#include "base/master.h"
#include "weir/listing.h"

static const char blanks[] = " \t\r\n\v\f";

static const char *const field_names[ENTRY_FIELDS] = { "service", "type",
	"private", "unprivileged", "chroot", "wakeup", "process_limit",
	"command" };

/* The columns that fields begin at, where there is room. */
static const size_t columns[ENTRY_FIELDS] = { 0, 11, 17, 25, 33, 41, 49, 57 };

int
entries_field(const char *name)
{
	for (int i = 0; i < ENTRY_FIELDS; i++)
		if (strcmp(field_names[i], name) == 0)
			return i;
	return -1;
}

const char *
entries_field_name(int field)
{
	return field_names[field];
}

/* Without the braces around all of it, and the blanks within them. */
static const char *
unbrace(const char *word, struct arena *arena)
{
	size_t n = strlen(word);

	if (n < 2 || word[0] != '{' || word[n - 1] != '}')
		return word;
	word++, n -= 2;
	while (n > 0 && strchr(blanks, *word) != NULL)
		word++, n--;
	while (n > 0 && strchr(blanks, word[n - 1]) != NULL)
		n--;
	return arena_strndup(arena, word, n);
}

/* "name = value" of -o. */
static struct entry_word
option(const char *word, struct arena *arena)
{
	const char *text = unbrace(word, arena);
	size_t n = strcspn(text, "=");
	const char *value = text[n] == '=' ? text + n + 1 : text + n;

	while (n > 0 && strchr(blanks, text[n - 1]) != NULL)
		n--;
	return (struct entry_word){ arena_strndup(arena, text, n),
		value + strspn(value, blanks) };
}

int
entries_words(
    const char *line, struct arena *arena, struct entry *entry, struct err *err)
{
	const char *cursor = line, *word;
	size_t room = strlen(line) / 2 + 1;
	bool options = true;

	for (int i = 0; i < ENTRY_FIELDS; i++) {
		entry->fields[i] = conf_word_between(&cursor, blanks, arena);
		if (entry->fields[i] == NULL) {
			err_set(err, "bad field count");
			return -1;
		}
	}
	entry->words = arena_alloc(arena, room * sizeof *entry->words);
	entry->count = entry->options = 0;
	while ((word = conf_word_between(&cursor, blanks, arena)) != NULL) {
		options = options && word[0] == '-' && word[1] != '\0';
		if (options && strncmp(word, "-o", 2) == 0) {
			word = word[2] != '\0'
			    ? word + 2
			    : conf_word_between(&cursor, blanks, arena);
			if (word == NULL) {
				err_set(err, "option -o without a value");
				return -1;
			}
			entry->words[entry->count++] = option(word, arena);
		} else {
			entry->words[entry->count++] =
			    (struct entry_word){ NULL, unbrace(word, arena) };
		}
		if (options)
			entry->options = entry->count;
	}
	return 0;
}

int
entries_parse(const char *name, const char *text, struct arena *arena,
    struct entries *entries, struct err *err)
{
	struct lines lines = { .file = arena_strdup(arena, name),
		.p = text,
		.end = text + strlen(text) };
	struct buf line = { 0 };
	struct master master;
	size_t room = 0;
	int status;

	*entries = (struct entries){ 0 };
	/* What the supervisor would refuse is refused here, with its words. */
	status = master_parse(name, text, arena, &master, err);
	for (const char *p = text; *p != '\0'; p++)
		room += *p == '\n';
	entries->entries =
	    arena_alloc(arena, (room + 1) * sizeof *entries->entries);
	while (status == 0) {
		struct entry *entry = &entries->entries[entries->count];

		if (!lines_next(&lines, &line, &entry->origin.line))
			break;
		entry->origin.file = lines.file;
		status = entries_words(buf_str(&line), arena, entry, err);
		entries->count++;
	}
	buf_free(&line);
	return status;
}

/* A word is written so that it is read as the same one. */
static void
print_word(
    struct listing *l, const char *name, const char *text, bool is_option)
{
	struct buf word = { 0 };
	bool braces = text[strcspn(text, blanks)] != '\0' ||
	    (*text == '\0' && !is_option);

	if (is_option)
		buf_puts(&word, "-o ");
	if (braces)
		buf_putc(&word, '{');
	if (is_option)
		buf_printf(&word, "%s=", name);
	buf_puts(&word, text);
	if (braces)
		buf_putc(&word, '}');
	listing_word(l, buf_str(&word));
	buf_free(&word);
}

void
entries_print_command(struct listing *l, const struct entry *entry)
{
	listing_word(l, entry->fields[ENTRY_COMMAND]);
	for (size_t i = 0; i < entry->count; i++) {
		const struct entry_word *w = &entry->words[i];

		/* Options have lines of their own, arguments share one. */
		if (i < entry->options ||
		    (i == entry->options && entry->options > 0))
			listing_break(l);
		print_word(l, w->name, w->text, w->name != NULL);
	}
}

void
entries_print(struct listing *l, const struct entry *entry)
{
	for (int i = 0; i < ENTRY_COMMAND; i++) {
		if (i > 0)
			listing_column(l, columns[i]);
		listing_word(l, entry->fields[i]);
	}
	listing_column(l, columns[ENTRY_COMMAND]);
	entries_print_command(l, entry);
}

size_t
entries_request(const char *text, size_t parts, struct arena *arena,
    struct entries_request *r)
{
	size_t equals = strcspn(text, "="), n = 0;
	char *rest = arena_strndup(arena, text, equals), *slash;
	const char **into[] = { &r->service, &r->type, &r->name };

	*r = (struct entries_request){ "*", "*", "*", NULL, text, false };
	if (text[equals] == '=')
		r->value = text + equals + 1;
	while (rest != NULL) {
		if (n == parts || n == sizeof into / sizeof *into ||
		    *rest == '\0')
			return 0;
		slash = strchr(rest, '/');
		*into[n++] = rest;
		if (slash != NULL)
			*slash++ = '\0';
		rest = slash;
	}
	return n;
}

static bool
matches(const char *pattern, const char *text)
{
	return strcmp(pattern, "*") == 0 || strcmp(pattern, text) == 0;
}

bool
entries_match(const struct entries_request *r, const struct entry *entry)
{
	return matches(r->service, entry->fields[ENTRY_SERVICE]) &&
	    matches(r->type, entry->fields[ENTRY_TYPE]);
}

bool
entries_match_name(const struct entries_request *r, const char *name)
{
	return matches(r->name, name);
}
