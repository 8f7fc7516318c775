/* header_rewrite.c - see header_rewrite.h. */
#include "proxy/header_rewrite.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "rules/route.h"

struct rewriter {
	struct content_stage stage; /* first */
	struct route *route;
	struct world *world;
	struct route_header_how how;
	struct arena *scratch; /* for one header */
};

static void
header(struct content_stage *stage, const char *text, size_t len)
{
	struct rewriter *r = (struct rewriter *)(void *)stage;
	const struct content_stage_ops *next = stage->next->ops;
	const char *rewritten;

	/* Nobody will see it. */
	if (stage->verdict->code != 0)
		return;
	text = arena_strndup(r->scratch, text, len);
	switch (route_header(
	    r->route, r->world, r->scratch, text, &r->how, &rewritten)) {
	case TABLE_NONE:
		next->header(stage->next, text, len);
		break;
	case TABLE_FOUND:
		next->header(stage->next, rewritten, strlen(rewritten));
		break;
	case TABLE_FAILED:
		content_verdict_reject(stage->verdict, 451, "4.3.0",
		    "Error: queue file write error");
		break;
	}
	arena_reset(r->scratch);
}

static void
made(struct content_stage *stage, const char *text, size_t len)
{
	content_stage_made(stage->next, text, len);
}

static void
headers_end(struct content_stage *stage)
{
	stage->next->ops->headers_end(stage->next);
}

static void
body(struct content_stage *stage, const char *data, size_t len)
{
	stage->next->ops->body(stage->next, data, len);
}

static void
end(struct content_stage *stage)
{
	stage->next->ops->end(stage->next);
}

static void
release(struct content_stage *stage)
{
	struct rewriter *r = (struct rewriter *)(void *)stage;

	arena_free(r->scratch);
	free(r);
}

struct content_stage *
header_rewrite_new(struct route *route, const struct route_header_how *how,
    struct world *world, struct content_stage *next)
{
	static const struct content_stage_ops ops = {
		.header = header,
		.made = made,
		.headers_end = headers_end,
		.body = body,
		.end = end,
		.close = release,
	};
	struct rewriter *r;

	if (!route_header_wanted(route, how->local))
		return NULL;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		fatal("out of memory");
	r->stage = (struct content_stage){ &ops, next, next->verdict };
	r->route = route;
	r->world = world;
	r->how = *how;
	r->scratch = arena_new();
	return &r->stage;
}
