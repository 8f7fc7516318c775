/* cmd_explain.c - see cmd_explain.h. */
#include "weir/cmd_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/err.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"
#include "weir/options.h"
#include "weir/traces.h"

enum { MOST = 10000 };

static int
explain(const char *dir, const struct traces_wanted *wanted)
{
	struct generation *g = cmd_options_read("explain", dir);
	struct err err = { 0 };
	int found;

	if (g == NULL)
		return EX_CONFIG;
	found = traces_print(g->state_dir, wanted, &err);
	if (found < 0)
		(void)fprintf(stderr, "weir explain: fatal: %s\n", err.text);
	else if (found == 0)
		(void)fprintf(stderr,
		    "weir explain: no recent decision about \"%s\"\n",
		    wanted->what);
	generation_free(g);
	return found < 0 ? EX_UNAVAILABLE : found == 0;
}

int
cmd_explain(int argc, char **argv)
{
	const char *dir = cmd_options_default_dir();
	struct options o = { .argc = argc, .argv = argv };
	struct traces_wanted wanted = { .json = false };
	long most = 1;
	char *end;
	int c;

	while ((c = options_next(&o, "c:jn:")) != -1) {
		if (c == 'c') {
			dir = o.value;
			continue;
		}
		if (c == 'j') {
			wanted.json = true;
			continue;
		}
		if (c == 'n') {
			most = strtol(o.value, &end, 10);
			if (end != o.value && *end == '\0' && most >= 1 &&
			    most <= MOST)
				continue;
		}
		most = 0;
		break;
	}
	if (most == 0 || o.next + 1 != argc) {
		(void)fprintf(stderr,
		    "usage: weir explain [-j] [-c DIR] [-n COUNT] ID\n");
		return EX_USAGE;
	}
	wanted.what = argv[o.next];
	wanted.most = (int)most;
	return explain(dir, &wanted);
}
