/* command.c - the registry of sub-commands. */
#include "weir/command.h"

#include <stddef.h>
#include <string.h>

#include "weir/cmd_newaliases.h"
#include "weir/cmd_postmap.h"

/* clang-format off */
static const struct command commands[] = {
	{ "newaliases", cmd_newaliases, "rebuild the alias databases",
	    "[-c DIR]", 0 },
	{ "postalias", cmd_postmap_aliases, "make or query an alias database",
	    "[options] [TYPE:]FILE ...", 0 },
	{ "postmap", cmd_postmap, "make or query a lookup table",
	    "[options] [TYPE:]FILE ...", 0 },
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
