/* test_expand.c - see test_expand.h. */
#include "weir/test_expand.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/level.h"
#include "base/macro.h"
#include "base/strmap.h"
#include "weir/trial.h"

enum { MOST_DEPTH = 100 };

/* The names that a text refers to, and those that their values do. */
struct names {
	struct conf *conf;
	struct strmap seen;
	bool show;
	unsigned depth;
};

static void
visit(void *arg, const char *name)
{
	struct names *n = arg;
	struct conf_value value;

	if (strmap_set(&n->seen, name, n) != NULL)
		return;
	if (!conf_find(n->conf, name, &value)) {
		event_warning(NULL, "nobody defines $%s: it is empty", name);
		return;
	}
	if (n->show && value.origin.file != NULL)
		(void)printf("  %s = %s [%s:%u]\n", name, value.text,
		    value.origin.file, value.origin.line);
	else if (n->show)
		(void)printf("  %s = %s [default]\n", name, value.text);
	if (n->depth < MOST_DEPTH) {
		n->depth++;
		(void)macro_names(value.text, level_orders, visit, n, NULL);
		n->depth--;
	}
}

static int
expand(const struct trial *t, const char *text, bool show)
{
	struct names names = { .conf = t->conf, .show = show };
	struct arena *arena = arena_new();
	struct err err = { "" };
	const char *result = conf_expand(t->conf, text, arena, &err);
	int status = EX_OK;

	if (result != NULL) {
		(void)puts(result);
		(void)fflush(stdout);
		/* What is malformed has been said already. */
		(void)macro_names(text, level_orders, visit, &names, NULL);
		strmap_free(&names.seen);
	} else {
		status = trial_fail(t, EX_DATAERR, "%s", err.text);
	}
	arena_free(arena);
	return status;
}

int
test_expand(int argc, char **argv)
{
	struct trial t = { .name = "weir test expand", .bare = true };
	int status = EX_OK, taken, i;
	bool show = false;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		taken = trial_option(&t, argc, argv, &i);
		if (taken == 0 && strcmp(argv[i], "--trace") == 0)
			show = true;
		else if (taken <= 0)
			status = EX_USAGE;
	}
	if (i >= argc || t.json)
		status = EX_USAGE;
	trial_begin(&t);
	if (status == EX_OK)
		status = trial_open(&t);
	for (; status == EX_OK && i < argc; i++)
		status = expand(&t, argv[i], show);
	trial_close(&t);
	return trial_end(&t, status);
}
