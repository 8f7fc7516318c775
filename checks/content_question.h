/* content_question.h - a list of tables asked about a piece of a message, and what
 * it answers carried out: what all content checks have in common. */
#ifndef CHECKS_CONTENT_QUESTION_H
#define CHECKS_CONTENT_QUESTION_H

#include "checks/content_action.h"
#include "rules/table.h"

struct content_answer {
	struct table_value value; /* that the list has; text NULL: none */
	enum content_fate fate;
	const char *result; /* of REPLACE and PREPEND */
};

/*
 * content_question_ask(list, match, answer):
 * Ask ${list} about match->content, unless the verdict is done, and do what the
 * answer says (content_action.h).  Of ${match} the table and the value are
 * filled in here.  If a table could not be asked the message is rejected with
 * 451 4.3.0.  What ${answer} points to is in match->scratch.  May block if the
 * tables do.
 */
void content_question_ask(const struct table_list *list,
    struct content_match *match, struct content_answer *answer);

#endif
