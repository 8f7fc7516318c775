/* content_judge.c - see content_judge.h. */
#include "checks/content_judge.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "checks/content_action.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "rules/table.h"
#include "rules/world.h"

struct table_list *
content_judge_open(const char *name, const char *text, struct conf *conf,
    struct arena *arena, struct err *err)
{
	struct err one = { "" };
	struct table_list *list = table_list_open_as(
	    text, name, conf, TABLE_KEEP_CASE | TABLE_ANY_OCTETS, arena, &one);

	if (one.text[0] != '\0') {
		err_add(&one, "%s", name);
		conf_blame(conf, name, &one);
		err_also(err, "%s", one.text);
	}
	if (list->count > 0)
		return list;
	table_list_close(list);
	return NULL;
}

static void
could_not_ask(const struct content_judge *judge)
{
	const struct event_by by = { .program = "cleanup",
		.qid = judge->subject->queue_id };

	event_warning(&by,
	    "%s map lookup problem -- message not accepted, try again later",
	    judge->list->name);
	content_verdict_reject(
	    judge->verdict, 451, "4.3.0", "Error: queue file write error");
	judge->verdict->done = true;
}

void
content_judge_ask(const struct content_judge *judge, const char *part,
    const char *text, size_t len)
{
	struct subject subject;
	struct content_match match = {
		.subject = &subject,
		.verdict = judge->verdict,
		.scratch = judge->scratch,
		.part = part,
	};
	struct table_value value;
	const char *result = "";

	if (judge->list == NULL || len == 0 || judge->verdict->done)
		return;
	match.table = judge->list->name;
	match.content = arena_strndup(judge->scratch, text, len);
	switch (world_find_any(judge->subject->world, judge->scratch,
	    judge->list, match.content, &value)) {
	case TABLE_FOUND:
		subject = *judge->subject;
		subject.arena = judge->scratch;
		match.value = value.text;
		match.file = value.file;
		match.line = value.line;
		(void)content_action(&match, &result);
		break;
	case TABLE_FAILED:
		could_not_ask(judge);
		break;
	case TABLE_NONE:
		break;
	}
	arena_reset(judge->scratch);
}
