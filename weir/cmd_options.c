/* cmd_options.c - see cmd_options.h. */
#include "weir/cmd_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "weir/generation.h"
#include "weir/options.h"

const char *
cmd_options_default_dir(void)
{
	const char *dir = secure_getenv("MAIL_CONFIG");

	return dir != NULL ? dir : "/etc/weir";
}

const char *
cmd_options_dir(int argc, char **argv)
{
	const char *dir = cmd_options_default_dir();
	struct options o = { .argc = argc, .argv = argv };
	int c;

	while ((c = options_next(&o, "c:")) == 'c')
		dir = o.value;
	if (c != -1 || o.next != argc) {
		(void)fprintf(stderr, "usage: weir %s [-c DIR]\n", argv[0]);
		return NULL;
	}
	return dir;
}

struct generation *
cmd_options_read(const char *command, const char *dir)
{
	struct err err = { 0 };
	struct generation *g = generation_read(dir, &err);

	if (g == NULL)
		(void)fprintf(
		    stderr, "weir %s: fatal: %s\n", command, err.text);
	return g;
}
