/* cmd_queue.c - see cmd_queue.h. */
#include "weir/cmd_queue.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "queue/admin.h"
#include "weir/options.h"
#include "weir/queue_listing.h"
#include "weir/queue_shape.h"
#include "weir/queue_tool.h"

struct shaping {
	struct queue_shape shape;
	unsigned states; /* a bit for each enum admin_state; 0: all */
};

static void
entry(void *arg, enum admin_state state, const struct envelope *e)
{
	struct shaping *s = arg;

	if (s->states == 0 || (s->states & 1U << state) != 0)
		queue_shape_add(&s->shape, e);
}

static _Noreturn void
usage(const struct queue_tool *tool)
{
	queue_tool_fail(tool,
	    "usage: weir queue [-c DIR] --by domain|sender|reason|age "
	    "[incoming|active|deferred|hold ...]");
}

static unsigned
state_of(const struct queue_tool *tool, const char *name)
{
	for (unsigned i = ADMIN_INCOMING; i <= ADMIN_HOLD; i++)
		if (strcmp(name, queue_listing_name((enum admin_state)i)) == 0)
			return 1U << i;
	queue_tool_fail(tool, "no such queue: \"%s\"", name);
}

/* What stands behind --by, taken out of the arguments; NULL: no --by. */
static const char *
take_by(const struct queue_tool *tool, int *argc, char **argv)
{
	const char *by = NULL;
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--by") != 0) {
			argv[kept++] = argv[i];
			continue;
		}
		if (i + 1 >= *argc || by != NULL)
			usage(tool);
		by = argv[++i];
	}
	*argc = kept;
	return by;
}

static int
print(const struct queue_shape *shape)
{
	struct buf out = { 0 };

	queue_shape_print(shape, &out);
	(void)fwrite(buf_str(&out), 1, out.len, stdout);
	buf_free(&out);
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}

int
cmd_queue(int argc, char **argv)
{
	struct queue_tool tool = { .program = "weir queue",
		.status = EX_UNAVAILABLE };
	struct shaping s = { .shape = { .now = clock_now() } };
	const char *by = take_by(&tool, &argc, argv), *dir = NULL;
	struct options o = { .argc = argc, .argv = argv };
	struct err err = { "" };
	int letter, status;

	while ((letter = options_next(&o, "c:v")) != -1)
		if (letter == 'c')
			dir = o.value;
		else if (letter == '?')
			usage(&tool);
	if (by == NULL || !queue_shape_parse(by, &s.shape.key))
		usage(&tool);
	for (int i = o.next; i < argc; i++)
		s.states |= state_of(&tool, argv[i]);
	queue_tool_start(&tool, dir);
	queue_tool_open(&tool);
	if (admin_list(tool.admin, NULL, entry, &s, &err) < 0)
		queue_tool_fail(&tool, "%s", err.text);
	status = print(&s.shape);
	queue_shape_free(&s.shape);
	queue_tool_end(&tool);
	return status;
}
