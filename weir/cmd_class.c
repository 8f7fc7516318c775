/* cmd_class.c - see cmd_class.h. */
#include "weir/cmd_class.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "rules/class_store.h"
#include "rules/fold.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"
#include "weir/options.h"

/* What was asked for. */
struct request {
	struct arena *arena;
	struct generation *g;
	const char *path;         /* of the store */
	const char *user, *class; /* or NULL */
};

static int
fail(int status, const char *text)
{
	(void)fprintf(stderr, "weir class: fatal: %s\n", text);
	return status;
}

/* Is ${class} one of the names that parameter ${name} lists? */
static bool
names(const struct request *r, const char *name, const char *class)
{
	const char *text = conf_get(r->g->conf, name, r->arena, NULL), *word;

	if (text == NULL)
		return false;
	while ((word = conf_word(&text, r->arena)) != NULL)
		if (strcmp(word, class) == 0)
			return true;
	return false;
}

static int
finish_output(void)
{
	return fflush(stdout) == 0 ? EX_OK
				   : fail(EX_IOERR, "write error on output");
}

static void
print(void *arg, const char *user, const char *class, unsigned line)
{
	(void)arg;
	(void)line;
	(void)printf("%s\t%s\n", user, class);
}

static int
list(const struct request *r)
{
	struct err err = { "" };

	if (class_store_each(r->path, print, NULL, &err) != 0)
		return fail(EX_UNAVAILABLE, err.text);
	return finish_output();
}

/* Looking for one. */
struct wanted {
	struct arena *arena;
	const char *key, *class;
};

static void
compare(void *arg, const char *user, const char *class, unsigned line)
{
	struct wanted *w = arg;

	(void)line;
	if (strcmp(user, w->key) == 0)
		w->class = arena_strdup(w->arena, class);
}

static int
show(const struct request *r)
{
	struct wanted w = { r->arena, fold_key(r->arena, r->user), NULL };
	struct err err = { "" };

	if (class_store_each(r->path, compare, &w, &err) != 0)
		return fail(EX_UNAVAILABLE, err.text);
	if (w.class == NULL) {
		(void)fprintf(
		    stderr, "weir class: \"%s\" has no class\n", r->user);
		return 1;
	}
	(void)printf("%s\n", w.class);
	return finish_output();
}

static int
set(const struct request *r)
{
	struct err err = { "" };

	if (!names(r, "smtpd_restriction_classes", r->class) &&
	    !names(r, "weir_classes_elsewhere", r->class)) {
		(void)fprintf(stderr,
		    "weir class: fatal: \"%s\" is no class: neither "
		    "smtpd_restriction_classes nor weir_classes_elsewhere "
		    "names it\n",
		    r->class);
		return EX_DATAERR;
	}
	return class_store_set(r->path, r->user, r->class, &err) == 0
	    ? EX_OK
	    : fail(EX_CANTCREAT, err.text);
}

static int
unset(const struct request *r)
{
	struct err err = { "" };
	int result = class_store_unset(r->path, r->user, r->class, &err);

	if (result < 0)
		return fail(EX_CANTCREAT, err.text);
	if (result > 0)
		(void)fprintf(stderr, "weir class: \"%s\" has no class%s%s\n",
		    r->user, r->class != NULL ? " " : "",
		    r->class != NULL ? r->class : "");
	return result;
}

/* How often each may be followed by USER and CLASS. */
static const struct action {
	const char *name;
	int least, most;
	int (*run)(const struct request *request);
} actions[] = {
	{ "list", 0, 0, list },
	{ "set", 2, 2, set },
	{ "show", 1, 1, show },
	{ "unset", 1, 2, unset },
	{ NULL, 0, 0, NULL },
};

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: weir class [-c DIR] list | show USER | set USER CLASS | "
	    "unset USER [CLASS]\n");
	return EX_USAGE;
}

/* NULL and a message: it is no file that we could change. */
static const char *
store_path(const struct request *r)
{
	static const char type[] = "class:";
	struct err err = { "" };
	const char *spec =
	    conf_get(r->g->conf, "weir_class_table", r->arena, &err);

	if (spec == NULL) {
		(void)fail(EX_CONFIG, err.text);
		return NULL;
	}
	if (strncmp(spec, type, strlen(type)) == 0 && spec[strlen(type)] == '/')
		return spec + strlen(type);
	(void)fprintf(stderr,
	    "weir class: fatal: weir_class_table = %s: need class:/path\n",
	    spec);
	return NULL;
}

static int
run(const struct action *action, const char *dir, struct request *r)
{
	int status = EX_CONFIG;

	if (r->user != NULL &&
	    (r->user[0] == '\0' || strpbrk(r->user, " \t\r\n") != NULL ||
		!utf8_valid(r->user)))
		return fail(EX_DATAERR,
		    "a user is an address, a domain, a login or a client, "
		    "without blanks");
	r->g = cmd_options_read("class", dir);
	if (r->g == NULL)
		return EX_CONFIG;
	r->path = store_path(r);
	if (r->path != NULL)
		status = action->run(r);
	generation_free(r->g);
	return status;
}

int
cmd_class(int argc, char **argv)
{
	const char *dir = cmd_options_default_dir();
	struct options o = { .argc = argc, .argv = argv };
	const struct action *action = actions;
	struct request r = { .arena = NULL };
	int c, operands, status;

	while ((c = options_next(&o, "c:")) == 'c')
		dir = o.value;
	operands = argc - o.next - 1;
	if (c != -1 || operands < 0)
		return usage();
	while (action->name != NULL && strcmp(action->name, argv[o.next]) != 0)
		action++;
	if (action->name == NULL || operands < action->least ||
	    operands > action->most)
		return usage();
	r.user = operands > 0 ? argv[o.next + 1] : NULL;
	r.class = operands > 1 ? argv[o.next + 2] : NULL;
	r.arena = arena_new();
	status = run(action, dir, &r);
	arena_free(r.arena);
	return status;
}
