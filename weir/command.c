/* command.c - the registry of sub-commands. */
#include "weir/command.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct command commands[] = {
	{ NULL, NULL, NULL, NULL, 0 },
};
/* clang-format on */

const struct command *
command_all(void)
{
	return commands;
}

const struct command *
command_find(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}
