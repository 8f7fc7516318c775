/* parts_stage.c - see parts_stage.h. */
#include "checks/parts_stage.h"

#include "base/arena.h"
#include "checks/content_verdict.h"
#include "checks/parts_rules.h"

void
parts_stage_fault(
    void *stage, enum mime_fault fault, const char *text, size_t len)
{
	struct parts_stage *p = stage;

	(void)text;
	(void)len;
	content_verdict_reject(p->stage.verdict, 550, "5.6.0",
	    mime_fault_text(mime_fault_gravest(fault)));
}

static void
header(struct content_stage *stage, const char *text, size_t len)
{
	if (!stage->verdict->done)
		parts_header(((struct parts_stage *)stage)->parts, text, len);
	stage->next->ops->header(stage->next, text, len);
}

static void
made(struct content_stage *stage, const char *text, size_t len)
{
	if (!stage->verdict->done)
		parts_header(((struct parts_stage *)stage)->parts, text, len);
	content_stage_made(stage->next, text, len);
}

static void
headers_end(struct content_stage *stage)
{
	if (!stage->verdict->done)
		parts_headers_end(((struct parts_stage *)stage)->parts);
	stage->next->ops->headers_end(stage->next);
}

static void
body(struct content_stage *stage, const char *data, size_t len)
{
	if (!stage->verdict->done)
		parts_body(((struct parts_stage *)stage)->parts, data, len);
	stage->next->ops->body(stage->next, data, len);
}

static void
end(struct content_stage *stage)
{
	if (!stage->verdict->done)
		parts_end(((struct parts_stage *)stage)->parts);
	stage->next->ops->end(stage->next);
}

static void
release(struct content_stage *stage)
{
	struct parts_stage *p = (struct parts_stage *)stage;

	parts_free(p->parts);
	arena_free(p->judge.scratch);
	p->release(p);
}

void
parts_stage_begin(struct parts_stage *stage, const struct parts_rules *rules,
    const struct parts_sink *sink, struct content_stage *next)
{
	static const struct content_stage_ops ops = {
		.header = header,
		.made = made,
		.headers_end = headers_end,
		.body = body,
		.end = end,
		.close = release,
	};

	stage->stage = (struct content_stage){
		.ops = &ops,
		.next = next,
		.verdict = stage->judge.verdict,
	};
	stage->judge.list = rules->list;
	stage->judge.apart = rules->apart;
	stage->judge.scratch = arena_new();
	stage->parts = parts_new(&rules->options, sink, stage);
}
