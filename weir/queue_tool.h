/* queue_tool.h - what postqueue, postsuper and postcat have in common. */
#ifndef WEIR_QUEUE_TOOL_H
#define WEIR_QUEUE_TOOL_H

#include <stdbool.h>
#include <stddef.h>

struct admin;
struct arena;
struct conf;
struct generation;

struct queue_tool {
	const char *program; /* for messages */
	int status;          /* with which a failure ends the process */
	struct arena *arena;
	struct generation *generation;
	struct conf *conf; /* of the generation */
	struct admin *admin;
};

/* queue_tool_start(tool, dir): read the configuration in ${dir} (NULL: the
 * default directory).  Ends the process if that fails, as all below do when
 * something is wrong: message on stderr, tool->status. */
void queue_tool_start(struct queue_tool *tool, const char *dir);

/* queue_tool_open(tool): reach the queue: its role, or the store if that is
 * down.  queue_tool_end(tool): free everything. */
void queue_tool_open(struct queue_tool *tool);
void queue_tool_end(struct queue_tool *tool);

/* queue_tool_fail(tool, format, ...), queue_tool_warn: "program: fatal: ..." and
 * the end; "program: warning: ...". */
_Noreturn void queue_tool_fail(const struct queue_tool *tool,
    const char *format, ...) __attribute__((format(printf, 2, 3)));
void queue_tool_warn(const struct queue_tool *tool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
