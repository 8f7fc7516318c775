/* class_content.c - see class_content.h. */
#include "classes/class_content.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/strmap.h"
#include "checks/attachment_checks.h"
#include "checks/content_lists.h"
#include "checks/text_checks.h"

/* What stands behind the name of a class; the first one is no check. */
static const char *const suffixes[] = {
	"reject_action",
	"header_checks",
	"mime_header_checks",
	"nested_header_checks",
	"body_checks",
	"text_checks",
	"attachment_checks",
};

enum { SUFFIXES = sizeof suffixes / sizeof suffixes[0] };

void
class_content_each_name(
    const char *class, void (*fn)(void *arg, const char *name), void *arg)
{
	struct arena *arena = arena_new();

	for (size_t i = 0; i < SUFFIXES; i++)
		fn(arg, arena_printf(arena, "%s_%s", class, suffixes[i]));
	arena_free(arena);
}

/* What main.cf says about the parameters of one class. */
struct survey {
	const struct conf *conf;
	const char *builtin; /* one that is a parameter of another kind */
	const char *own;     /* one that is set and is not */
	bool checks;         /* one of those is a check */
	struct arena *arena;
};

static void
look_at(void *arg, const char *name)
{
	static const char end[] = "_reject_action";
	struct survey *v = arg;
	size_t n = strlen(name), m = sizeof end - 1;

	if (conf_is_builtin(v->conf, name)) {
		v->builtin = arena_strdup(v->arena, name);
	} else if (conf_is_set(v->conf, name)) {
		v->own = arena_strdup(v->arena, name);
		v->checks |= strcmp(name + n - m, end) != 0;
	}
}

static struct survey
survey(const struct conf *conf, const char *class, struct arena *arena)
{
	struct survey v = { .conf = conf, .arena = arena };

	class_content_each_name(class, look_at, &v);
	return v;
}

bool
class_content_has(const struct conf *conf, const char *class)
{
	struct arena *arena = arena_new();
	struct survey v = survey(conf, class, arena);

	arena_free(arena);
	/* smtp_header_checks is no check of a class "smtp". */
	return v.checks && v.builtin == NULL;
}

static void
complain(const struct conf *conf, const char *name, const char *text,
    struct err *err)
{
	struct err one = { "" };

	err_set(&one, "%s: %s", name, text);
	conf_blame(conf, name, &one);
	err_also(err, "%s", one.text);
}

/* One opening. */
struct opening {
	struct conf *conf;
	struct class_content_all *all;
	struct strmap classes;       /* bound to their names */
	struct strmap owners;        /* parameters, bound to the class */
	const char *class;           /* at hand */
	struct class_content common; /* has the action of all */
	size_t header_size, line_length;
	struct err *err;
};

/* hold, discard, redirect USER@DOMAIN */
static bool
read_action(struct class_content *c, const char *text, struct arena *arena)
{
	const char *cursor = text, *argument;
	const char *word = conf_word(&cursor, arena);

	argument = conf_word(&cursor, arena);
	if (word == NULL || conf_word(&cursor, arena) != NULL)
		return false;
	if (strcasecmp(word, "redirect") == 0) {
		c->action = CLASS_CONTENT_REDIRECT;
		c->redirect = argument;
		return argument != NULL && strchr(argument, '@') != NULL;
	}
	c->action = strcasecmp(word, "discard") == 0 ? CLASS_CONTENT_DISCARD
						     : CLASS_CONTENT_HOLD;
	return argument == NULL &&
	    (strcasecmp(word, "discard") == 0 || strcasecmp(word, "hold") == 0);
}

/* The action that parameter ${name} sets; a wrong one is hold, which loses
 * nothing. */
static void
take_action(struct opening *o, struct class_content *c, const char *name)
{
	struct arena *arena = o->all->arena;
	struct err why = { "" };
	const char *text = conf_get(o->conf, name, arena, &why);

	if (text != NULL && read_action(c, text, arena))
		return;
	c->action = CLASS_CONTENT_HOLD;
	complain(o->conf, name,
	    text == NULL
		? why.text
		: arena_printf(arena,
		      "\"%s\": need hold, discard or redirect USER@DOMAIN",
		      text),
	    o->err);
}

/* A parameter of two classes, or that is itself a class, says nothing. */
static void
claim(void *arg, const char *name)
{
	struct opening *o = arg;
	const char *owner =
	    strmap_set(&o->owners, name, strmap_find(&o->classes, o->class));
	struct arena *arena = o->all->arena;

	if (!conf_is_set(o->conf, name) || conf_is_builtin(o->conf, name))
		return;
	conf_used(o->conf, name);
	if (strmap_find(&o->classes, name) != NULL)
		complain(o->conf, name,
		    arena_printf(arena,
			"a class, and a parameter of class %s: rename one of "
			"the classes",
			o->class),
		    o->err);
	else if (owner != NULL)
		complain(o->conf, name,
		    arena_printf(arena,
			"a parameter of class %s and of class %s: rename one of "
			"them",
			owner, o->class),
		    o->err);
}

static void
open_class(struct opening *o, const char *class)
{
	struct class_content_all *all = o->all;
	struct survey v = survey(o->conf, class, all->arena);
	struct class_content *c = &all->list[all->count];

	o->class = class;
	class_content_each_name(class, claim, o);
	if (v.own == NULL)
		return;
	if (v.builtin != NULL) {
		complain(o->conf, v.own,
		    arena_printf(all->arena,
			"class %s cannot have content checks, since %s has "
			"another meaning: rename the class",
			class, v.builtin),
		    o->err);
		return;
	}
	*c = o->common;
	c->class = class;
	if (conf_is_set(
		o->conf, arena_printf(all->arena, "%s_reject_action", class)))
		take_action(
		    o, c, arena_printf(all->arena, "%s_reject_action", class));
	if (!v.checks)
		return;
	all->count++;
	c->lists = content_lists_open(
	    o->conf, class, o->header_size, o->line_length, o->err);
	c->text = text_checks_open(
	    o->conf, class, o->header_size, o->line_length, o->err);
	c->attachments = attachment_checks_open(
	    o->conf, class, o->header_size, o->line_length, o->err);
	all->blocks |= content_lists_block(c->lists) ||
	    (c->text != NULL && text_checks_block(c->text)) ||
	    (c->attachments != NULL && attachment_checks_block(c->attachments));
}

static void
open_all(struct opening *o)
{
	struct class_content_all *all = o->all;
	const char *cursor, *word;

	take_action(o, &o->common, "weir_recipient_reject_action");
	/* A mistake in it is told by who reads it first. */
	cursor =
	    conf_get(o->conf, "smtpd_restriction_classes", all->arena, NULL);
	while (
	    cursor != NULL && (word = conf_word(&cursor, all->arena)) != NULL)
		if (strmap_find(&o->classes, word) == NULL)
			(void)strmap_set(
			    &o->classes, word, arena_strdup(all->arena, word));
	all->list =
	    arena_alloc(all->arena, (o->classes.count + 1) * sizeof *all->list);
	for (size_t i = 0; i < o->classes.count; i++)
		open_class(o, o->classes.items[i].value);
}

struct class_content_all *
class_content_open(
    struct conf *conf, size_t header_size, size_t line_length, struct err *err)
{
	struct opening o = {
		.conf = conf,
		.all = calloc(1, sizeof *o.all),
		.header_size = header_size,
		.line_length = line_length,
		.err = err,
	};

	if (o.all == NULL)
		fatal("out of memory");
	o.all->arena = arena_new();
	open_all(&o);
	strmap_free(&o.classes);
	strmap_free(&o.owners);
	if (o.all->count > 0)
		return o.all;
	class_content_close(o.all);
	return NULL;
}

void
class_content_close(struct class_content_all *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->count; i++) {
		content_lists_close(all->list[i].lists);
		text_checks_close(all->list[i].text);
		attachment_checks_close(all->list[i].attachments);
	}
	arena_free(all->arena);
	free(all);
}

const struct class_content *
class_content_find(
    const struct class_content_all *all, const char *class, size_t n)
{
	for (size_t i = 0; i < all->count; i++)
		if (strncmp(all->list[i].class, class, n) == 0 &&
		    all->list[i].class[n] == '\0')
			return &all->list[i];
	return NULL;
}
