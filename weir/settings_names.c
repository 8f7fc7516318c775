/* settings_names.c - see settings_names.h. */
#include "weir/settings_names.h"

#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/known.h"
#include "base/level.h"
#include "base/macro.h"
#include "classes/class_content.h"
#include "weir/setting.h"

/* Where the references of one text go. */
struct gathering {
	struct strmap *maps[2];
};

static void
gather_one(void *arg, const char *name)
{
	struct gathering *g = arg;

	for (size_t i = 0; i < 2; i++)
		if (g->maps[i] != NULL)
			(void)strmap_set(g->maps[i], name, g);
}

static void
add_content(void *arg, const char *name)
{
	struct settings_names *n = arg;

	(void)strmap_set(&n->content, name, n);
}

/* The names of restriction classes are parameters, and with some endings. */
static void
gather_classes(struct settings_names *n, struct gathering *g, struct conf *conf,
    const char *text)
{
	struct arena *arena = arena_new();
	const char *cursor = conf_expand(conf, text, arena, NULL), *word;

	while (cursor != NULL && (word = conf_word(&cursor, arena)) != NULL) {
		(void)gather_one(g, word);
		class_content_each_name(word, add_content, n);
	}
	arena_free(arena);
}

/* "ldap:NAME" whose parameters stand in main.cf, as they did in old times. */
static void
gather_sources(struct strmap *sources, const char *text)
{
	static const char *const types[] = {
		"ldap:", "mysql:", "pgsql:", "sqlite:", "memcache:", NULL
	};
	struct arena *arena = arena_new();
	const char *p, *name;

	for (size_t i = 0; types[i] != NULL; i++) {
		for (p = strstr(text, types[i]); p != NULL;
		     p = strstr(name, types[i])) {
			name = p + strlen(types[i]);
			if (*name == '/' || *name == '.')
				continue;
			(void)strmap_set(sources,
			    arena_strndup(
				arena, name, strcspn(name, ", \t\r\n{}")),
			    arena);
		}
	}
	arena_free(arena);
}

static void
gather(struct settings_names *n, struct gathering *g, struct conf *conf,
    const char *name, const char *text)
{
	gather_sources(&n->sources, text);
	if (!setting_is_raw(name))
		/* A mistake in it is reported when the value is asked for. */
		(void)macro_names(text, level_orders, gather_one, g, NULL);
	if (strcmp(name, "smtpd_restriction_classes") == 0)
		gather_classes(n, g, conf, text);
}

static void
gather_main(void *arg, const char *name, const char *text)
{
	struct settings_names *n = arg;
	struct gathering g = { { &n->in_main, &n->anywhere } };

	gather(n, &g, n->settings->conf, name, text);
}

static void
gather_entry(
    struct settings_names *n, struct gathering *g, const struct entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		if (entry->words[i].name != NULL)
			gather(n, g, n->settings->conf, entry->words[i].name,
			    entry->words[i].text);
}

void
settings_names_open(struct settings_names *n, const struct settings *s)
{
	struct gathering g = { { &n->anywhere, NULL } };

	*n = (struct settings_names){ .settings = s };
	settings_each_set(s, gather_main, n);
	for (size_t i = 0; i < s->entries.count; i++)
		gather_entry(n, &g, &s->entries.entries[i]);
}

void
settings_names_close(struct settings_names *n)
{
	strmap_free(&n->in_main);
	strmap_free(&n->anywhere);
	strmap_free(&n->sources);
	strmap_free(&n->content);
}

/* There is such a parameter, whatever the files say. */
static bool
is_builtin(const struct settings_names *n, const char *name)
{
	return strmap_find(&n->settings->names, name) != NULL ||
	    known_find(name) ||
	    settings_service_default(n->settings, name) != NULL;
}

static bool
is_of_source(const struct settings_names *n, const char *name)
{
	for (size_t i = 0; i < n->sources.count; i++) {
		const char *source = n->sources.items[i].key;
		size_t length = strlen(source);

		if (length > 0 && strncmp(name, source, length) == 0 &&
		    name[length] == '_')
			return true;
	}
	return false;
}

/* A value makes it a parameter without saying it in full. */
static bool
is_derived(const struct settings_names *n, const char *name)
{
	return is_of_source(n, name) || strmap_find(&n->content, name) != NULL;
}

bool
settings_names_known(const struct settings_names *n, const char *name)
{
	return is_builtin(n, name) || strmap_find(&n->anywhere, name) != NULL ||
	    is_derived(n, name);
}

static const struct entry_word *
find_option(const struct entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->count; i++)
		if (entry->words[i].name != NULL &&
		    strcmp(entry->words[i].name, name) == 0)
			return &entry->words[i];
	return NULL;
}

static void
warn_undefined(const char *path, const char *name)
{
	event_warning(NULL, "%s: undefined parameter: %s", path, name);
}

void
settings_names_undefined(const struct settings_names *n)
{
	const struct settings *s = n->settings;
	struct settings_names scratch = { .settings = s };

	for (size_t i = 0; i < s->entries.count; i++) {
		struct strmap local = { 0 };
		struct gathering g = { { &local, NULL } };

		gather_entry(&scratch, &g, &s->entries.entries[i]);
		for (size_t k = 0; k < local.count; k++) {
			const char *name = local.items[k].key;

			if (!is_builtin(n, name) && !settings_is_set(s, name) &&
			    find_option(&s->entries.entries[i], name) == NULL)
				warn_undefined(s->master_path, name);
		}
		strmap_free(&local);
	}
	settings_names_close(&scratch);
	for (size_t i = 0; i < n->in_main.count; i++)
		if (!is_builtin(n, n->in_main.items[i].key) &&
		    !settings_is_set(s, n->in_main.items[i].key) &&
		    /* A class with content checks needs no list. */
		    !class_content_has(s->conf, n->in_main.items[i].key))
			warn_undefined(s->main_path, n->in_main.items[i].key);
}

static void
warn_unused(const char *path, const char *name, const char *text)
{
	event_warning(NULL, "%s: unused parameter: %s=%s", path, name, text);
}

static void
look_at(void *arg, const char *name, const char *text)
{
	const struct settings_names *n = arg;

	if (!settings_names_known(n, name))
		warn_unused(n->settings->main_path, name, text);
}

/* What else ${entry} sets. */
static void
look_at_entry(const struct settings_names *n, const struct entry *entry)
{
	struct settings_names scratch = { .settings = n->settings };
	struct strmap local = { 0 };
	struct gathering g = { { &local, NULL } };
	const char *name;

	gather_entry(&scratch, &g, entry);
	for (size_t i = 0; i < entry->count; i++) {
		name = entry->words[i].name;
		if (name != NULL && !is_builtin(n, name) &&
		    !is_derived(n, name) &&
		    strmap_find(&n->in_main, name) == NULL &&
		    strmap_find(&local, name) == NULL)
			warn_unused(n->settings->master_path, name,
			    entry->words[i].text);
	}
	strmap_free(&local);
	settings_names_close(&scratch);
}

void
settings_names_unused(const struct settings_names *n, bool only_master)
{
	struct settings_names copy = *n;

	if (!only_master)
		settings_each_set(n->settings, look_at, &copy);
	for (size_t i = 0; i < n->settings->entries.count; i++)
		look_at_entry(n, &n->settings->entries.entries[i]);
}
