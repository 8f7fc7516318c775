/* table_settings.c - see table_settings.h. */
#include "rules/table_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/lines.h"
#include "base/param.h"
#include "rules/types.h"

struct table_settings {
	struct arena *arena;
	const char *name;
	struct conf *conf;
	bool is_file; /* and conf is ours */
};

static struct conf *
read_file(const char *path, struct err *err)
{
	static const struct param_table *const none[] = { NULL };
	struct buf text = { 0 };
	struct conf *conf = NULL;

	if (lines_load(path, &text, err) == 0)
		conf = conf_parse(path, buf_str(&text), none, err);
	buf_free(&text);
	return conf;
}

struct table_settings *
table_settings_open(const struct table_opening *opening, struct err *err)
{
	struct table_settings *s = calloc(1, sizeof *s);

	if (s == NULL)
		fatal("out of memory");
	s->arena = arena_new();
	s->name = arena_strdup(s->arena, opening->name);
	s->is_file = *s->name == '/' || *s->name == '.';
	s->conf = s->is_file ? read_file(s->name, err) : opening->conf;
	if (s->conf == NULL && s->is_file) {
		table_settings_close(s);
		return NULL;
	}
	return s;
}

void
table_settings_close(struct table_settings *settings)
{
	if (settings == NULL)
		return;
	if (settings->is_file)
		conf_free(settings->conf);
	arena_free(settings->arena);
	free(settings);
}

const char *
table_settings_name(const struct table_settings *settings)
{
	return settings->name;
}

const char *
table_settings_text(
    struct table_settings *settings, const char *name, const char *preset)
{
	const char *full, *text;
	struct conf_value value;

	if (settings->conf == NULL)
		return preset;
	if (settings->is_file)
		return conf_find(settings->conf, name, &value)
		    ? arena_strdup(settings->arena, value.text)
		    : preset;
	full = arena_printf(settings->arena, "%s_%s", settings->name, name);
	conf_used(settings->conf, full);
	if (!conf_is_set(settings->conf, full))
		return preset;
	text = conf_get(settings->conf, full, settings->arena, NULL);
	return text != NULL ? text : preset;
}

int
table_settings_filled(struct table_settings *settings, const char *name,
    const char **value, struct err *err)
{
	const char *text = table_settings_text(settings, name, *value);

	if (text != NULL && *text == '\0') {
		err_set(err,
		    "%s: bad string length 0 < 1: %s = ", settings->name, name);
		return -1;
	}
	*value = text;
	return 0;
}

int
table_settings_count(struct table_settings *settings, const char *name,
    int least, int *value, struct err *err)
{
	const char *text = table_settings_text(settings, name, NULL);
	char *end;
	long n;

	if (text == NULL)
		return 0;
	errno = 0;
	n = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0 || n > INT_MAX ||
	    n < least) {
		err_set(err, "%s: bad numerical configuration: %s = %s",
		    settings->name, name, text);
		return -1;
	}
	*value = (int)n;
	return 0;
}

int
table_settings_flag(struct table_settings *settings, const char *name,
    bool *value, struct err *err)
{
	const char *text = table_settings_text(settings, name, NULL);

	if (text == NULL || param_bool(text, value))
		return 0;
	err_set(err, "%s: bad boolean configuration: %s = %s", settings->name,
	    name, text);
	return -1;
}

char *const *
table_settings_split(struct table_settings *settings, const char *text)
{
	static const char between[] = ", \t\r\n";
	size_t room = strlen(text) / 2 + 2, n = 0, len;
	char **words =
	    arena_alloc(settings->arena, room * sizeof(const char *));

	for (const char *p = text + strspn(text, between); *p != '\0';
	     p += strspn(p, between)) {
		len = strcspn(p, between);
		words[n++] = arena_strndup(settings->arena, p, len);
		p += len;
	}
	return words;
}

char *const *
table_settings_words(
    struct table_settings *settings, const char *name, const char *preset)
{
	return table_settings_split(
	    settings, table_settings_text(settings, name, preset));
}

const char *
table_settings_keep(struct table_settings *settings, const char *text)
{
	return arena_strdup(settings->arena, text);
}
