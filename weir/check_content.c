/* check_content.c - see check_content.h. */
#include "weir/check_content.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/known.h"
#include "classes/class_content.h"
#include "rules/table.h"

/* A walk through parameters. */
struct walk {
	struct conf *conf;
	void (*say)(void *arg, const char *text);
	void *arg;
	struct arena *arena;
	struct known_guess guess;
	size_t prefix; /* of the class at hand, with its "_" */
};

static void
review(void *arg, const char *name)
{
	static const char checks[] = "_checks";
	struct walk *w = arg;
	size_t n = strlen(name), m = sizeof checks - 1;
	const char *text = conf_get(w->conf, name, w->arena, NULL);
	struct table_list *tables;
	struct err err = { 0 };

	/* One that cannot be read has been told of. */
	if (text == NULL || n <= m || strcmp(name + n - m, checks) != 0)
		return;
	tables = table_list_open(text, name, w->conf, w->arena, &err);
	for (size_t i = 0; i < tables->count; i++)
		table_review(tables->tables[i], w->say, w->arg);
	table_list_close(tables);
}

/* Call ${fn} for each parameter that a class may have. */
static void
walk_classes(struct walk *w, void (*fn)(void *arg, const char *name))
{
	const char *word,
	    *cursor =
		conf_get(w->conf, "smtpd_restriction_classes", w->arena, NULL);

	while (
	    cursor != NULL && (word = conf_word(&cursor, w->arena)) != NULL) {
		w->prefix = strlen(word) + 1;
		class_content_each_name(word, fn, w);
	}
}

void
check_content_review(
    struct conf *conf, void (*say)(void *arg, const char *text), void *arg)
{
	static const char *const names[] = { "header_checks",
		"mime_header_checks", "nested_header_checks", "body_checks",
		"text_checks", "attachment_checks" };
	struct walk w = {
		.conf = conf, .say = say, .arg = arg, .arena = arena_new()
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		review(&w, names[i]);
	walk_classes(&w, review);
	arena_free(w.arena);
}

static void
consider(void *arg, const char *name)
{
	struct walk *w = arg;

	/* The name of the class must be right. */
	if (strncmp(w->guess.name, name, w->prefix) == 0)
		known_consider(&w->guess, arena_strdup(w->arena, name));
}

const char *
check_content_suggest(struct conf *conf, const char *name, struct arena *arena)
{
	struct walk w = { .conf = conf, .arena = arena };

	/* None of Postfix's names is what a class's was meant to be. */
	w.guess = (struct known_guess){ .name = name,
		.distance = strlen(name) / 4 + 2 };
	walk_classes(&w, consider);
	return w.guess.best;
}
