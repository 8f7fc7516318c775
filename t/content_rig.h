/* content_rig.h - a message that is fed to a stage, what comes out of it, and
 * what is logged. */
#ifndef T_CONTENT_RIG_H
#define T_CONTENT_RIG_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base_params.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/checks_params.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "t/tap.h"
#include "t/testworld.h"

static const struct param_table *const tables[] = { &base_params_table,
	&checks_params_table, NULL };

static struct arena *arena;
static struct testworld world;
static int log_fd;

/* The last stage: what comes out. */
struct sink {
	struct content_stage stage;
	struct buf out;
	bool ended;
};

static inline void
sink_header(struct content_stage *stage, const char *text, size_t len)
{
	struct sink *sink = (struct sink *)stage;

	buf_put(&sink->out, text, len);
	buf_putc(&sink->out, '\n');
}

static inline void
sink_headers_end(struct content_stage *stage)
{
	buf_putc(&((struct sink *)stage)->out, '\n');
}

static inline void
sink_body(struct content_stage *stage, const char *data, size_t len)
{
	buf_put(&((struct sink *)stage)->out, data, len);
}

static inline void
sink_end(struct content_stage *stage)
{
	((struct sink *)stage)->ended = true;
}

static const struct content_stage_ops sink_ops = {
	.header = sink_header,
	.headers_end = sink_headers_end,
	.body = sink_body,
	.end = sink_end,
};

/* Give the message to the stage as a door does, its body in pieces. */
static inline void
feed(struct content_stage *stage, const char *text, size_t len, size_t step)
{
	const char *end = text + len, *next, *p = text;

	while (p < end && *p != '\n') {
		next = memchr(p, '\n', (size_t)(end - p));
		while (next + 1 < end && (next[1] == ' ' || next[1] == '\t'))
			next = memchr(next + 1, '\n', (size_t)(end - next - 1));
		stage->ops->header(stage, p, (size_t)(next - p));
		p = next + 1;
	}
	stage->ops->headers_end(stage);
	for (p += p < end; p < end; p += step)
		stage->ops->body(stage, p,
		    (size_t)(end - p) < step ? (size_t)(end - p) : step);
	stage->ops->end(stage);
	stage->ops->close(stage);
}

static inline void
rig_begin(void)
{
	char path[] = "/tmp/weir-checks-XXXXXX";
	struct event_target target = { .name = "weir", .json_fd = -1 };

	arena = arena_new();
	world = testworld_new(NULL);
	target.fd = log_fd = mkostemp(path, O_APPEND);
	(void)unlink(path);
	event_open(&target);
}

/* The program's exit status. */
static inline int
rig_end(void)
{
	(void)close(log_fd);
	arena_free(arena);
	return done_testing();
}

#endif
