/* weir_main.c - the entry point: a sub-command, or a name of one. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "weir/command.h"

static int
usage(FILE *out)
{
	(void)fprintf(out, "usage: weir command [argument ...]\n");
	for (const struct command *c = command_all(); c->name != NULL; c++)
		if (!c->role)
			(void)fprintf(out, "  %-12s %s\n", c->name, c->help);
	return out == stdout ? 0 : EX_USAGE;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const struct command *c;

	if (argc > 0)
		name = name != NULL ? name + 1 : argv[0];
	if (name != NULL && (c = command_find(name)) != NULL && !c->role)
		return c->run(argc, argv);
	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	c = command_find(argv[1]);
	if (c == NULL) {
		(void)fprintf(stderr, "weir: no command \"%s\"\n", argv[1]);
		return usage(stderr);
	}
	return c->run(argc - 1, argv + 1);
}
