/* permits.c - see permits.h. */
#include "classes/permits.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "rules/table.h"

enum { MOST_VALUES = 16, MOST_ALIKE = 4 };

/* Keys of the same form, with the same value: one is as good as another. */
struct sample {
	const char *value;
	unsigned form;
	size_t count;
};

struct search {
	struct arena *arena;
	enum check_of of;
	void (*fn)(void *arg, enum check_of of, const char *key);
	void *arg;
	struct sample samples[MOST_VALUES];
	size_t count;

	enum permits best; /* of permits_first() */
	struct permits_entry *entry;
};

enum permits
permits_value(const char *value)
{
	static const char *const refusals[] = { "REJECT", "DEFER",
		"DEFER_IF_PERMIT", "DEFER_IF_REJECT", "DUNNO", "WARN", "INFO",
		"FILTER", "HOLD", "DISCARD", "REDIRECT", "BCC", "PREPEND" };
	size_t n = strcspn(value, " \t\r\n");

	if (value[strspn(value, "0123456789")] == '\0' ||
	    (n == 2 && strncasecmp(value, "OK", 2) == 0) ||
	    (n == 5 && strncasecmp(value, "RELAY", 5) == 0))
		return PERMITS_ALL;
	if (n == 3 && (value[0] == '4' || value[0] == '5') &&
	    strspn(value, "0123456789") == 3)
		return PERMITS_NOBODY;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (strlen(refusals[i]) == n &&
		    strncasecmp(refusals[i], value, n) == 0)
			return PERMITS_NOBODY;
	return PERMITS_PERHAPS;
}

/* A host or domain, a domain with what is below it, a user of any domain, an
 * address. */
static unsigned
form_of(const char *key)
{
	size_t n = strlen(key);

	if (n > 0 && key[n - 1] == '@')
		return 2;
	if (strchr(key, '@') != NULL)
		return 3;
	return key[0] == '.' ? 1 : 0;
}

/* Has enough of the kind been seen? */
static bool
is_enough(struct search *s, const char *value, unsigned form)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->samples[i].form == form &&
		    strcmp(s->samples[i].value, value) == 0)
			return ++s->samples[i].count > MOST_ALIKE;
	if (s->count == MOST_VALUES)
		return true;
	s->samples[s->count++] =
	    (struct sample){ arena_strdup(s->arena, value), form, 1 };
	return false;
}

static void
sample(void *arg, const char *key, const char *value, unsigned line)
{
	struct search *s = arg;

	(void)line;
	if (permits_value(value) != PERMITS_NOBODY &&
	    !is_enough(s, value, form_of(key)))
		s->fn(s->arg, s->of, key);
}

static void
example(void *arg, const char *key, const char *value)
{
	sample(arg, key, value, 0);
}

static int
list(struct table *table,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    struct search *s)
{
	struct err err = { "" };

	if (table_flags(table) & TABLE_MAY_BLOCK)
		return -1;
	return table_each(table, fn, s, &err);
}

void
permits_keys(struct table *table, enum check_of of,
    void (*fn)(void *arg, enum check_of of, const char *key), void *arg)
{
	struct search s = {
		.arena = arena_new(), .of = of, .fn = fn, .arg = arg
	};

	(void)list(table, sample, &s);
	if ((table_flags(table) & TABLE_MAY_BLOCK) == 0)
		table_examples(table, example, &s);
	arena_free(s.arena);
}

static void
note_first(void *arg, const char *key, const char *value, unsigned line)
{
	struct search *s = arg;
	enum permits permits = permits_value(value);

	if (permits <= s->best)
		return;
	s->best = permits;
	s->entry->key = arena_strdup(s->arena, key);
	s->entry->line = line;
}

enum permits
permits_first(
    struct table *table, struct arena *arena, struct permits_entry *entry)
{
	struct search s = { .arena = arena, .entry = entry };

	if (list(table, note_first, &s) != 0)
		return PERMITS_PERHAPS;
	return s.best;
}
