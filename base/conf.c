/* conf.c - see conf.h. */
#include "base/conf.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/known.h"
#include "base/level.h"
#include "base/lines.h"
#include "base/macro.h"
#include "base/param.h"
#include "base/strmap.h"

enum { MOST_VALUE = 1024 * 1024 };

struct entry {
	struct conf_value value;
	_Atomic bool used;
};

/*
 * A name is looked for in the texts that were set, from a view to what it is
 * a view of, then likewise in the computed defaults, then in the tables.
 */
struct conf {
	struct conf *parent; /* NULL: not a view */
	const struct param_table *const *tables;
	struct arena *arena;
	const char *dir;
	struct strmap set;      /* struct entry */
	struct strmap computed; /* char */
	struct strmap defaults; /* struct row; only where parent is NULL */
	struct strmap attached; /* char; only where parent is NULL */
};

struct row {
	const struct param *param;
};

static struct conf *
new_conf(struct conf *parent, const struct param_table *const *tables)
{
	struct conf *conf = calloc(1, sizeof *conf);

	if (conf == NULL)
		fatal("out of memory");
	conf->parent = parent;
	conf->tables = tables;
	conf->arena = arena_new();
	return conf;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	strmap_free(&conf->set);
	strmap_free(&conf->computed);
	strmap_free(&conf->defaults);
	strmap_free(&conf->attached);
	arena_free(conf->arena);
	free(conf);
}

static const struct conf *
root(const struct conf *conf)
{
	while (conf->parent != NULL)
		conf = conf->parent;
	return conf;
}

void
conf_attach(struct conf *conf, const char *name, const char *text)
{
	must(conf->parent == NULL);
	(void)strmap_set(
	    &conf->attached, name, arena_strdup(conf->arena, text));
}

const char *
conf_attached(const struct conf *conf, const char *name)
{
	return strmap_find(&root(conf)->attached, name);
}

static struct entry *
find_set(const struct conf *conf, const char *name)
{
	struct entry *entry = NULL;

	for (; conf != NULL && entry == NULL; conf = conf->parent)
		entry = strmap_find(&conf->set, name);
	return entry;
}

void
conf_blame(const struct conf *conf, const char *name, struct err *err)
{
	struct conf_value value = { 0 };

	if (err->text[0] != '\0' && conf_find(conf, name, &value) &&
	    value.origin.file != NULL)
		err_add(err, "%s:%u", value.origin.file, value.origin.line);
}

bool
conf_find(const struct conf *conf, const char *name, struct conf_value *value)
{
	const struct entry *entry = find_set(conf, name);
	const struct row *row;
	const char *text = NULL;

	if (entry != NULL) {
		*value = entry->value;
		return true;
	}
	for (const struct conf *c = conf; c != NULL && text == NULL;
	     c = c->parent)
		text = strmap_find(&c->computed, name);
	if (text == NULL) {
		row = strmap_find(&root(conf)->defaults, name);
		if (row == NULL)
			return false;
		text = row->param->preset;
	}
	*value = (struct conf_value){ .text = text };
	return true;
}

bool
conf_is_set(const struct conf *conf, const char *name)
{
	return find_set(conf, name) != NULL;
}

const char *
conf_dir(const struct conf *conf)
{
	return root(conf)->dir;
}

static const char *
find_text(void *arg, const char *name)
{
	struct conf_value value;

	return conf_find(arg, name, &value) ? value.text : NULL;
}

const char *
conf_expand(
    struct conf *conf, const char *text, struct arena *arena, struct err *err)
{
	const struct macro macro = {
		.find = find_text,
		.arg = conf,
		.recurse = true,
		.orders = level_orders,
	};
	struct buf out = { 0 };
	const char *result = NULL;

	if (strchr(text, '$') == NULL)
		return arena_strdup(arena, text);
	if ((macro_expand(&macro, text, &out, err) & MACRO_BAD) == 0)
		result = arena_strndup(arena, buf_str(&out), out.len);
	buf_free(&out);
	return result;
}

const char *
conf_get(
    struct conf *conf, const char *name, struct arena *arena, struct err *err)
{
	struct conf_value value;
	const char *result;

	if (!conf_find(conf, name, &value))
		return "";
	result = conf_expand(conf, value.text, arena, err);
	if (result != NULL)
		return result;
	err_add(err, "%s", name);
	if (value.origin.file != NULL)
		err_add(err, "%s:%u", value.origin.file, value.origin.line);
	return NULL;
}

static void
mark(void *arg, const char *name)
{
	conf_used(arg, name);
}

/* What ${text} refers to is known.  A mistake in it is reported when the value
 * is asked for. */
static void
mark_references(struct conf *conf, const char *text)
{
	(void)macro_names(text, level_orders, mark, conf, NULL);
}

static void
put(struct conf *conf, const char *name, const char *text, struct origin origin)
{
	struct entry *entry = arena_alloc(conf->arena, sizeof *entry);

	entry->value.text = arena_strdup(conf->arena, text);
	entry->value.origin = origin;
	(void)strmap_set(&conf->set, name, entry);
}

static void
compute(struct conf *conf)
{
	const struct param_computed *c;
	const char *text;

	for (size_t i = 0; conf->tables[i] != NULL; i++) {
		c = conf->tables[i]->computed;
		for (; c != NULL && c->name != NULL; c++) {
			if (conf_is_set(conf, c->name))
				continue;
			text = c->text(conf, conf->arena);
			(void)strmap_set(&conf->computed, c->name,
			    arena_strdup(conf->arena, text));
		}
	}
}

struct conf *
conf_view(struct conf *conf)
{
	return new_conf(conf, conf->tables);
}

void
conf_set(
    struct conf *view, const char *name, const char *text, struct origin origin)
{
	must(view->parent != NULL);
	if (origin.file != NULL)
		origin.file = arena_strdup(view->arena, origin.file);
	put(view, name, text, origin);
	mark_references(view, text);
	/* The defaults that are computed may depend on it. */
	compute(view);
}

/* One "name = value" of ${line}, which is cut in two. */
static int
split(struct buf *line, char **name, char **value, const char **why)
{
	static const char blanks[] = " \t\r\n\v\f";
	char *p = line->data, *end;

	end = p + strcspn(p, " \t\r\n\v\f=");
	*name = p;
	if (end == p) {
		*why = "missing attribute name";
		return -1;
	}
	p = end + strspn(end, blanks);
	if (*p != '=') {
		*why = "missing '=' after attribute name";
		return -1;
	}
	*end = '\0';
	*value = p + 1 + strspn(p + 1, blanks);
	return 0;
}

static int
read_lines(struct conf *conf, struct lines *lines, struct err *err)
{
	struct buf line = { 0 };
	struct origin origin = { .file = lines->file };
	const struct entry *before;
	char *name, *value;
	const char *why;
	int status = 0;

	while (status == 0 && lines_next(lines, &line, &origin.line)) {
		if (line.len >= MOST_VALUE) {
			err_set(err, "%s:%u: value too long: \"%.30s...\"",
			    origin.file, origin.line, line.data);
			status = -1;
		} else if (split(&line, &name, &value, &why) != 0) {
			err_set(err, "%s:%u: %s: \"%.100s\"", origin.file,
			    origin.line, why, line.data);
			status = -1;
		} else {
			before = strmap_find(&conf->set, name);
			if (before != NULL)
				event_warning(NULL,
				    "%s, line %u: overriding earlier entry: "
				    "%s=%s",
				    origin.file, origin.line, name,
				    before->value.text);
			put(conf, name, value, origin);
		}
	}
	buf_free(&line);
	return status;
}

static void
add_defaults(struct conf *conf, const struct param_table *table)
{
	struct row *rows =
	    arena_alloc(conf->arena, (table->count + 1) * sizeof *rows);

	for (size_t i = 0; i < table->count; i++) {
		rows[i].param = &table->rows[i];
		(void)strmap_set(
		    &conf->defaults, table->rows[i].name, &rows[i]);
	}
}

static struct conf *
read_text(const char *dir, struct lines *lines,
    const struct param_table *const *tables, struct err *err)
{
	static const struct param_table *const none[] = { NULL };
	struct conf *conf = new_conf(NULL, tables != NULL ? tables : none);

	conf->dir = arena_strdup(conf->arena, dir);
	lines->file = arena_strdup(conf->arena, lines->file);
	for (size_t i = 0; conf->tables[i] != NULL; i++)
		add_defaults(conf, conf->tables[i]);
	if (read_lines(conf, lines, err) != 0) {
		conf_free(conf);
		return NULL;
	}
	for (size_t i = 0; i < conf->set.count; i++)
		mark_references(conf,
		    ((struct entry *)conf->set.items[i].value)->value.text);
	compute(conf);
	return conf;
}

struct conf *
conf_read_text(const char *dir, const struct buf *text,
    const struct param_table *const *tables, struct err *err)
{
	struct buf path = { 0 };
	struct lines lines = { .p = text->data, .end = text->data + text->len };
	struct conf *conf;

	buf_printf(&path, "%s/main.cf", dir);
	lines.file = buf_str(&path);
	conf = read_text(dir, &lines, tables, err);
	buf_free(&path);
	return conf;
}

struct conf *
conf_read(
    const char *dir, const struct param_table *const *tables, struct err *err)
{
	struct buf path = { 0 }, text = { 0 };
	struct conf *conf = NULL;

	buf_printf(&path, "%s/main.cf", dir);
	if (lines_load(buf_str(&path), &text, err) == 0)
		conf = conf_read_text(dir, &text, tables, err);
	buf_free(&text);
	buf_free(&path);
	return conf;
}

struct conf *
conf_parse(const char *name, const char *text,
    const struct param_table *const *tables, struct err *err)
{
	struct lines lines = { .file = name,
		.p = text != NULL ? text : "",
		.end = text != NULL ? text + strlen(text) : NULL };

	if (text == NULL)
		lines.end = lines.p;
	return read_text("", &lines, tables, err);
}

bool
conf_is_builtin(const struct conf *conf, const char *name)
{
	return strmap_find(&root(conf)->defaults, name) != NULL ||
	    known_find(name);
}

void
conf_used(struct conf *conf, const char *name)
{
	struct entry *entry;

	for (; conf != NULL; conf = conf->parent) {
		entry = strmap_find(&conf->set, name);
		if (entry != NULL)
			atomic_store_explicit(
			    &entry->used, true, memory_order_relaxed);
	}
}

static enum conf_known
known(struct conf *conf, const char *name, struct entry *entry)
{
	const struct row *row = strmap_find(&root(conf)->defaults, name);

	if (row != NULL && row->param->type != PARAM_unused)
		return CONF_KNOWN;
	if (row != NULL)
		return CONF_UNUSED;
	if (atomic_load_explicit(&entry->used, memory_order_relaxed))
		return CONF_KNOWN;
	return known_find(name) ? CONF_UNUSED : CONF_UNKNOWN;
}

void
conf_each(struct conf *conf,
    void (*fn)(void *arg, const char *name, const struct conf_value *value,
	enum conf_known known),
    void *arg)
{
	struct entry *entry;

	for (size_t i = 0; i < conf->set.count; i++) {
		entry = conf->set.items[i].value;
		fn(arg, conf->set.items[i].key, &entry->value,
		    known(conf, conf->set.items[i].key, entry));
	}
}

const char *
conf_suggest(struct conf *conf, const char *name)
{
	const struct conf *r = root(conf);
	struct known_guess guess = known_guess(name);
	struct entry *entry;

	for (size_t i = 0; i < r->defaults.count; i++)
		known_consider(&guess, r->defaults.items[i].key);
	for (size_t i = 0; i < r->set.count; i++) {
		entry = r->set.items[i].value;
		if (known(conf, r->set.items[i].key, entry) != CONF_UNKNOWN)
			known_consider(&guess, r->set.items[i].key);
	}
	return guess.best;
}

char *
conf_word_between(
    const char **cursor, const char *separators, struct arena *arena)
{
	const char *start = *cursor + strspn(*cursor, separators), *p;
	size_t level = 0;

	for (p = start; *p != '\0'; p++) {
		if (*p == '{')
			level++;
		else if (*p == '}' && level > 0)
			level--;
		else if (level == 0 && strchr(separators, *p) != NULL)
			break;
	}
	*cursor = p;
	return p > start ? arena_strndup(arena, start, (size_t)(p - start))
			 : NULL;
}

char *
conf_word(const char **cursor, struct arena *arena)
{
	return conf_word_between(cursor, ", \t\r\n", arena);
}
