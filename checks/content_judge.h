/* content_judge.h - tables asked about decoded content.  It is not what the message has,
 * so that an answer may judge the message, but not edit it. */
#ifndef CHECKS_CONTENT_JUDGE_H
#define CHECKS_CONTENT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct content_verdict;
struct subject;
struct table_list;

/* Who asks; a plain value. */
struct content_judge {
	const struct table_list *list; /* NULL: none */
	const struct subject *subject; /* for the log, and its world to ask */
	struct content_verdict *verdict;
	struct arena *scratch; /* reset by each look-up */
	bool apart;            /* for some of the recipients */
};

/*
 * content_judge_ask(judge, part, text, len):
 * Ask about ${text} (UTF-8), which the log calls ${part}, unless it is empty or
 * the verdict is done, and do what the answer says: anything but PREPEND,
 * REPLACE, STRIP and IGNORE, which are warned of.  If a table could not be
 * asked the message is rejected with 451 4.3.0.  May block if the tables do.
 */
void content_judge_ask(const struct content_judge *judge, const char *part,
    const char *text, size_t len);

#endif
