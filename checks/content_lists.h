/* content_lists.h - what header and body checks are to look up, and where: the
 * settings of content_checks.h. */
#ifndef CHECKS_CONTENT_LISTS_H
#define CHECKS_CONTENT_LISTS_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/mime.h"
#include "rules/table.h"

struct arena;
struct conf;
struct err;

/* What a list is asked about: headers of the message, MIME headers and those of
 * parts, headers of a message within the message, lines of the body. */
enum content_class {
	CONTENT_HEADER,
	CONTENT_MIME,
	CONTENT_NESTED,
	CONTENT_BODY
};

/* Immutable; any thread. */
struct content_lists {
	struct arena *arena;
	struct table_list *tables[CONTENT_BODY + 1]; /* NULL: empty */
	struct mime_options options;
	size_t body_size; /* octets of a segment to look at; 0: all */
	bool detect;      /* detect_8bit_encoding_header */
	bool sending;     /* those of an agent that sends */
	bool apart;       /* those of a class: for some of the recipients */
};

/*
 * content_lists_open(conf, class, header_size, line_length, err):
 * Open the tables that ${conf} (a service's view) names: header_checks and so
 * on, or, if ${class} is not NULL, those of a restriction class,
 * CLASS_header_checks; ${header_size} and ${line_length} are header_size_limit
 * and line_length_limit.  Never NULL: a table that cannot be opened cannot be
 * asked, and the reasons are in ${err} (empty if all is well).
 */
struct content_lists *content_lists_open(struct conf *conf, const char *class,
    size_t header_size, size_t line_length, struct err *err);
/* content_lists_open_sending(conf, agent, names, err): the same for ${agent},
 * "smtp" or "lmtp", which has lists of its own, one for each class: the
 * parameter's name behind the agent's, "header_checks", and its value. */
struct content_lists_name {
	const char *name, *tables;
};
struct content_lists *
content_lists_open_sending(struct conf *conf, const char *agent,
    const struct content_lists_name names[static CONTENT_BODY + 1],
    struct err *err);
void content_lists_close(struct content_lists *lists);

/* content_lists_idle(lists): there is nothing to do: no stage is needed.
 * content_lists_only_detect(lists): nothing but to see what is announced.
 * content_lists_block(lists): look-ups may block; not for a loop. */
bool content_lists_idle(const struct content_lists *lists);
bool content_lists_only_detect(const struct content_lists *lists);
bool content_lists_block(const struct content_lists *lists);

/* content_lists_tables(lists, fn, arg): call ${fn} for each table. */
void content_lists_tables(struct content_lists *lists,
    void (*fn)(void *arg, struct table *table), void *arg);

#endif
