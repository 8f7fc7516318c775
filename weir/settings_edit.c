/* settings_edit.c - see settings_edit.h. */
#include "weir/settings_edit.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/strmap.h"
#include "weir/config_file.h"
#include "weir/generation.h"
#include "weir/setting.h"

/* What is to become of one parameter. */
struct change {
	const char *value;
	unsigned found; /* in so many places */
};

struct edit {
	enum settings_edit how;
	struct arena *arena;
	struct strmap changes; /* struct change */
	struct config_file file;
};

static int
add_change(struct edit *e, const char *text, struct err *err)
{
	const char *name = text, *value = NULL;
	struct change *change;

	if (e->how == SETTINGS_EDIT_SET &&
	    setting_pair(text, e->arena, &name, &value, err) != 0)
		return -1;
	if (*name == '\0' || *name == '#' ||
	    name[strcspn(name, " \t\r\v\f=")] != '\0') {
		err_set(err,
		    "this cannot be the name of a parameter: \"%.100s\"", name);
		return -1;
	}
	change = arena_alloc(e->arena, sizeof *change);
	change->value = value;
	(void)strmap_set(&e->changes, name, change);
	return 0;
}

static void
put_setting(struct edit *e, const char *name, const char *value)
{
	config_file_add(
	    &e->file, arena_printf(e->arena, "%s = %s\n", name, value));
}

/* The first line of a logical one; true: its other lines share its lot. */
static bool
edit_start(struct edit *e, const char *line, size_t len)
{
	const char *name =
	    arena_strndup(e->arena, line, strcspn(line, " \t\r\n\v\f="));
	struct change *change = strmap_find(&e->changes, name);

	if (change == NULL) {
		config_file_copy(&e->file, line, len);
		return false;
	}
	if (change->found++ == 1)
		event_warning(NULL, "%s: multiple entries for \"%s\"",
		    e->file.path, name);
	if (e->how == SETTINGS_EDIT_SET)
		put_setting(e, name, change->value);
	else if (e->how == SETTINGS_EDIT_COMMENT)
		config_file_comment(&e->file, line, len);
	return true;
}

static void
edit_text(struct edit *e)
{
	const char *cursor = buf_str(&e->file.old), *line;
	enum config_line kind;
	struct change *change;
	bool concerned = false;
	size_t len;

	while (config_file_line(&cursor, &line, &len, &kind)) {
		if (kind == CONFIG_LINE_START)
			concerned = edit_start(e, line, len);
		else if (kind == CONFIG_LINE_COMMENT || !concerned)
			config_file_copy(&e->file, line, len);
		else if (e->how == SETTINGS_EDIT_COMMENT)
			config_file_comment(&e->file, line, len);
	}
	if (e->how != SETTINGS_EDIT_SET)
		return;
	for (size_t i = 0; i < e->changes.count; i++) {
		change = e->changes.items[i].value;
		if (change->found == 0)
			put_setting(e, e->changes.items[i].key, change->value);
	}
}

/* Could the text that was there be read? */
static bool
was_good(struct edit *e, const char *dir)
{
	struct conf *conf =
	    conf_read_text(dir, &e->file.old, generation_tables(), NULL);

	conf_free(conf);
	return conf != NULL;
}

/* The new text is read as the supervisor would; of what is wrong with it, only
 * what has been done here counts. */
static int
check_text(struct edit *e, const char *dir, struct err *err)
{
	struct conf *conf =
	    conf_read_text(dir, &e->file.new, generation_tables(), err);
	int status = 0;

	if (conf == NULL)
		return was_good(e, dir) ? -1 : 0;
	for (size_t i = 0; i < e->changes.count && status == 0; i++)
		status = setting_check(conf, e->changes.items[i].key, err);
	conf_free(conf);
	return status;
}

static int
edit_file(struct edit *e, const char *dir, struct err *err)
{
	int status = 0;

	if (config_file_open(
		&e->file, arena_printf(e->arena, "%s/main.cf", dir), err) != 0)
		return -1;
	edit_text(e);
	if (e->how == SETTINGS_EDIT_SET)
		status = check_text(e, dir, err);
	if (status == 0)
		status = config_file_commit(&e->file, err);
	config_file_close(&e->file);
	return status;
}

int
settings_edit(
    const char *dir, enum settings_edit how, char *const *args, struct err *err)
{
	struct edit e = { .how = how, .arena = arena_new() };
	int status = 0;

	for (; *args != NULL && status == 0; args++)
		status = add_change(&e, *args, err);
	if (status == 0)
		status = edit_file(&e, dir, err);
	strmap_free(&e.changes);
	arena_free(e.arena);
	return status;
}
