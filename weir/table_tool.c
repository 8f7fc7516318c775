/* table_tool.c - see table_tool.h. */
#include "weir/table_tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"

void
table_tool_fail(const char *program, const char *format, ...)
{
	struct arena *arena = arena_new();
	va_list ap;

	(void)fflush(stdout);
	va_start(ap, format);
	(void)fprintf(stderr, "%s: fatal: %s\n", program,
	    arena_vprintf(arena, format, ap));
	va_end(ap);
	arena_free(arena);
	_exit(1);
}

struct conf *
table_tool_start(const char *program, const char *dir, bool verbose)
{
	const struct event_target target = { .name = program,
		.fd = STDERR_FILENO,
		.json_fd = -1,
		.debug = verbose,
		.plain = 1 };
	struct err err = { "" };
	struct conf *conf;
	char main_cf[4096];

	event_open(&target);
	if (dir == NULL && secure_getenv("MAIL_CONFIG") == NULL) {
		(void)snprintf(main_cf, sizeof main_cf, "%s/main.cf",
		    cmd_options_default_dir());
		if (access(main_cf, F_OK) != 0)
			return conf_parse(
			    main_cf, "", generation_tables(), NULL);
	}
	conf = conf_read(dir != NULL ? dir : cmd_options_default_dir(),
	    generation_tables(), &err);
	if (conf == NULL)
		table_tool_fail(program, "%s", err.text);
	return conf;
}

const struct table_type *
table_tool_type(
    const struct table_tool *tool, const char *spec, const char **path)
{
	struct arena *arena = arena_new();
	const char *colon = strchr(spec, ':'), *name;
	const struct table_type *type;

	if (colon != NULL)
		name = arena_strndup(arena, spec, (size_t)(colon - spec));
	else
		name =
		    conf_get(tool->conf, "default_database_type", arena, NULL);
	*path = colon != NULL ? colon + 1 : spec;
	type = name != NULL ? types_find(name) : NULL;
	if (type == NULL)
		table_tool_fail(tool->program,
		    "unsupported dictionary type: %s",
		    name != NULL ? name : "");
	arena_free(arena);
	return type;
}
