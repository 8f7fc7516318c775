/* content_judge.h - tables asked about decoded content.  It is not what the message has,
 * so that an answer may judge the message, but not edit it. */
#ifndef CHECKS_CONTENT_JUDGE_H
#define CHECKS_CONTENT_JUDGE_H

#include <stddef.h>

struct arena;
struct conf;
struct content_verdict;
struct err;
struct subject;
struct table_list;

/* Who asks; a plain value. */
struct content_judge {
	const struct table_list *list; /* NULL: none */
	const struct subject *subject; /* for the log, and its world to ask */
	struct content_verdict *verdict;
	struct arena *scratch; /* reset by each look-up */
};

/*
 * content_judge_open(name, text, conf, arena, err):
 * Open the tables that parameter ${name} lists in ${text}.  NULL: there are none.
 * One that cannot be opened cannot be asked, and the reason is added to ${err}.
 * Close it with table_list_close().
 */
struct table_list *content_judge_open(const char *name, const char *text,
    struct conf *conf, struct arena *arena, struct err *err);

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
