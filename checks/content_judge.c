/* content_judge.c - see content_judge.h. */
#include "checks/content_judge.h"

#include "base/arena.h"
#include "checks/content_question.h"
#include "checks/content_verdict.h"

void
content_judge_ask(const struct content_judge *judge, const char *part,
    const char *text, size_t len)
{
	struct content_match match = {
		.subject = judge->subject,
		.verdict = judge->verdict,
		.scratch = judge->scratch,
		.part = part,
		.apart = judge->apart,
	};
	struct content_answer answer = { .fate = CONTENT_KEEP };

	if (judge->list == NULL || len == 0 || judge->verdict->done)
		return;
	match.content = arena_strndup(judge->scratch, text, len);
	content_question_ask(judge->list, &match, &answer);
	arena_reset(judge->scratch);
}
