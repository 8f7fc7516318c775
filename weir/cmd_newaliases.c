/* cmd_newaliases.c - see cmd_newaliases.h. */
#include "weir/cmd_newaliases.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "weir/options.h"
#include "weir/table_tool.h"
#include "weir/table_tool_write.h"

int
cmd_newaliases(int argc, char **argv)
{
	struct options o = { argc, argv, 0, NULL, NULL, 0 };
	/* postalias does the work, and says what is wrong with a file. */
	struct table_tool tool = { .program = "postalias", .aliases = true };
	struct arena *arena = arena_new();
	struct err err = { "" };
	const char *dir = NULL, *list;
	bool verbose = false;
	char *spec;
	int letter;

	while ((letter = options_next(&o, "c:v")) != -1) {
		if (letter == '?')
			table_tool_fail("newaliases",
			    "usage: newaliases [-v] [-c config_dir]");
		if (letter == 'c')
			dir = o.value;
		else
			verbose = true;
	}
	if (o.next < argc)
		table_tool_fail("newaliases",
		    "alias initialization mode requires no recipient");
	tool.conf = table_tool_start(tool.program, dir, verbose);
	list = conf_get(tool.conf, "alias_database", arena, &err);
	if (list == NULL)
		table_tool_fail(tool.program, "%s", err.text);
	while ((spec = conf_word(&list, arena)) != NULL)
		table_tool_write(&tool, spec);
	arena_free(arena);
	conf_free(tool.conf);
	return 0;
}
