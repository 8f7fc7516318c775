/* queue_tool.c - see queue_tool.h. */
#include "weir/queue_tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "queue/admin.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"

__attribute__((format(printf, 3, 0))) static void
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
	_exit(tool->status);
}

void
queue_tool_warn(const struct queue_tool *tool, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(tool, "warning", format, ap);
	va_end(ap);
}

static void
log_to_stderr(const struct queue_tool *tool)
{
	event_open(&(struct event_target){ .name = tool->program,
	    .fd = STDERR_FILENO,
	    .json_fd = -1,
	    .plain = 1 });
}

void
queue_tool_start(struct queue_tool *tool, const char *dir)
{
	struct err err = { "" };

	log_to_stderr(tool);
	tool->arena = arena_new();
	tool->generation = generation_read(
	    dir != NULL ? dir : cmd_options_default_dir(), &err);
	if (tool->generation == NULL)
		queue_tool_fail(tool, "%s", err.text);
	tool->conf = tool->generation->conf;
}

/* Where the lines of the queue role's work go if we do it. */
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
	const struct generation *g = tool->generation;

	/* Before there is a thread that logs. */
	log_to_syslog(tool);
	tool->admin = admin_open(
	    generation_socket(g, "admin"), g->store_dir, g->conf, &err);
	if (tool->admin == NULL)
		queue_tool_fail(tool, "%s", err.text);
	if (!admin_is_alone(tool->admin))
		log_to_stderr(tool);
}

void
queue_tool_end(struct queue_tool *tool)
{
	admin_close(tool->admin);
	generation_free(tool->generation);
	arena_free(tool->arena);
}
