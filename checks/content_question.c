/* content_question.c - see content_question.h. */
#include "checks/content_question.h"

#include "base/arena.h"
#include "base/event.h"
#include "checks/content_verdict.h"
#include "checks/subject.h"
#include "rules/world.h"

static void
could_not_ask(const struct content_match *match)
{
	const struct subject *subject = match->subject;
	struct event_by by = { .program = "cleanup" };
	struct content_verdict *verdict = match->verdict;

	if (match->sending && subject->by != NULL)
		by = *subject->by;
	if (match->sending)
		event_warning(&by, "%s: smtp %s checks lookup error",
		    subject->queue_id, match->header ? "header" : "body");
	else
		event_warning(&by,
		    "%s: %s map lookup problem -- message not accepted, try "
		    "again later",
		    subject->queue_id, match->table);
	content_verdict_reject(
	    verdict, 451, "4.3.0", "Error: queue file write error");
	content_verdict_note(verdict,
	    &(struct content_note){ .table = match->table,
		.part = content_action_part(match),
		.input = match->content,
		.answer = "could not ask" },
	    match->apart);
	verdict->done = true;
}

void
content_question_ask(const struct table_list *list, struct content_match *match,
    struct content_answer *answer)
{
	/* What log lines are made of, in memory that does not grow with
	 * them. */
	struct subject subject = *match->subject;

	subject.arena = match->scratch;
	match->subject = &subject;
	match->table = list->name;
	switch (world_find_any(subject.world, match->scratch, list,
	    match->content, &answer->value)) {
	case TABLE_FOUND:
		match->value = answer->value.text;
		match->file = answer->value.file;
		match->line = answer->value.line;
		answer->fate = content_action(match, &answer->result);
		return;
	case TABLE_FAILED:
		could_not_ask(match);
		break;
	case TABLE_NONE:
		break;
	}
	answer->value.text = NULL;
}
