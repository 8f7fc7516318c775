/* queue_tool.c - see queue_tool.h. */
#include "weir/queue_tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "proxy/proxy_params.h"
#include "queue/admin.h"
#include "queue/queue_params.h"
#include "rules/rules_params.h"

static void
say(const struct queue_tool *tool, const char *severity, const char *format,
    va_list ap)
{
	struct arena *arena = arena_new();

	(void)fflush(stdout);
	(void)fprintf(stderr, "%s: %s: %s\n", tool->program, severity,
	    arena_vprintf(arena, format, ap));
	arena_free(arena);
}

void
queue_tool_fail(const struct queue_tool *tool, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(tool, "fatal", format, ap);
	va_end(ap);
	exit(tool->status);
}

void
queue_tool_warn(const struct queue_tool *tool, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(tool, "warning", format, ap);
	va_end(ap);
}

void
queue_tool_start(struct queue_tool *tool, const char *dir)
{
	static const struct param_table *const tables[] = { &base_params_table,
		&rules_params_table, &proxy_params_table, &queue_params_table,
		NULL };
	const struct event_target target = { .name = tool->program,
		.fd = STDERR_FILENO,
		.json_fd = -1,
		.plain = 1 };
	struct err err = { "" };

	event_open(&target);
	tool->arena = arena_new();
	if (dir == NULL)
		dir = secure_getenv("MAIL_CONFIG");
	if (dir == NULL && access("/etc/weir/main.cf", F_OK) != 0)
		tool->conf = conf_parse("main.cf", "", tables, &err);
	else
		tool->conf =
		    conf_read(dir != NULL ? dir : "/etc/weir", tables, &err);
	if (tool->conf == NULL)
		queue_tool_fail(tool, "%s", err.text);
}

/* We do the queue role's work, so its log lines are ours to write. */
static void
log_to_syslog(struct queue_tool *tool)
{
	struct event_target target = { .fd = -1, .json_fd = -1 };

	target.name = conf_get(tool->conf, "syslog_name", tool->arena, NULL);
	if (target.name == NULL || target.name[0] == '\0')
		target.name = "weir";
	event_open(&target);
}

void
queue_tool_open(struct queue_tool *tool)
{
	struct err err = { "" };
	const char *dir =
	    conf_get(tool->conf, "queue_directory", tool->arena, &err);

	if (dir == NULL)
		queue_tool_fail(tool, "%s", err.text);
	tool->admin = admin_open(arena_printf(tool->arena, "%s/run/admin", dir),
	    arena_printf(tool->arena, "%s/store", dir), tool->conf, &err);
	if (tool->admin == NULL)
		queue_tool_fail(tool, "%s", err.text);
	if (admin_is_alone(tool->admin))
		log_to_syslog(tool);
}

void
queue_tool_end(struct queue_tool *tool)
{
	admin_close(tool->admin);
	conf_free(tool->conf);
	arena_free(tool->arena);
}
