/* settings_show.c - see settings_show.h. */
#include "weir/settings_show.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/known.h"
#include "base/strmap.h"
#include "weir/listing.h"
#include "weir/setting.h"
#include "weir/settings.h"
#include "weir/settings_names.h"

/* Where the files are is as good as said there. */
static const char directory[] = "config_directory";

/* What is asked for, and of whom. */
struct show {
	const struct settings_show *how;
	struct settings *s;
	const struct settings_names *n;
	struct strmap names; /* to be listed; the values mean nothing */
};

/* The value of ${name}; false: there is none to show. */
static bool
find(const struct show *show, const char *name, struct conf_value *value)
{
	struct settings *s = show->s;

	if (show->how->set && !settings_is_set(s, name) &&
	    strcmp(name, directory) != 0)
		return false;
	if (!show->how->defaults && settings_is_set(s, name) &&
	    !settings_names_known(show->n, name))
		return false;
	return conf_find(
	    show->how->defaults ? s->defaults : s->conf, name, value);
}

static int
print(const struct show *show, const char *name, struct conf_value *value,
    struct listing *l, struct err *err)
{
	const struct listing_label label = { .kind = "name", .name = name };
	struct settings *s = show->s;

	if (show->how->expand && !setting_is_raw(name)) {
		value->text =
		    conf_expand(show->how->defaults ? s->defaults : s->conf,
			value->text, s->arena, err);
		if (value->text == NULL) {
			err_add(err, "%s", name);
			return -1;
		}
	}
	listing_value(l, &label, value);
	return 0;
}

static void
add_name(void *arg, const char *name)
{
	struct show *show = arg;

	(void)strmap_set(&show->names, name, show);
}

static void
add_set(void *arg, const char *name, const char *text)
{
	(void)text;
	add_name(arg, name);
}

static int
by_name(const void *a, const void *b)
{
	const struct strmap_item *left = a, *right = b;

	return strcmp(left->key, right->key);
}

static int
show_all(struct show *show, struct listing *l, struct err *err)
{
	struct settings *s = show->s;
	struct strmap_item *items;
	struct conf_value value;
	int status = 0;

	for (size_t i = 0; i < s->names.count; i++)
		add_name(show, s->names.items[i].key);
	settings_service_each(s, add_name, show);
	if (!show->how->defaults)
		settings_each_set(s, add_set, show);
	items = arena_alloc(s->arena, (show->names.count + 1) * sizeof *items);
	memcpy(items, show->names.items, show->names.count * sizeof *items);
	qsort(items, show->names.count, sizeof *items, by_name);
	for (size_t i = 0; i < show->names.count && status == 0; i++)
		if (find(show, items[i].key, &value))
			status = print(show, items[i].key, &value, l, err);
	return status;
}

/* Why there is nothing to print. */
static void
warn_missing(const struct show *show, const char *name)
{
	bool builtin = strmap_find(&show->s->names, name) != NULL ||
	    known_find(name) || settings_service_default(show->s, name) != NULL;

	/* Not set, that is all. */
	if (builtin && show->how->set)
		return;
	if (builtin)
		event_warning(NULL,
		    "%s: a parameter of Postfix that has no effect here", name);
	else
		event_warning(NULL, "%s: unknown parameter", name);
}

int
settings_show(const struct settings_show *how, struct settings *s,
    const struct settings_names *n, struct listing *l, char *const *names,
    struct err *err)
{
	struct show show = { how, s, n, { 0 } };
	struct conf_value value;
	int status = 0;

	if (*names == NULL)
		status = show_all(&show, l, err);
	for (; *names != NULL && status == 0; names++) {
		if (find(&show, *names, &value))
			status = print(&show, *names, &value, l, err);
		else
			warn_missing(&show, *names);
	}
	strmap_free(&show.names);
	return status;
}
