/* parts_rules.h - what the stages that look at a message's parts, decoded
 * (parts_stage.h), are made from: tables, and how messages are taken apart. */
#ifndef CHECKS_PARTS_RULES_H
#define CHECKS_PARTS_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "checks/mime.h"

struct arena;
struct checks_params;
struct conf;
struct err;
struct table_list;

/* Such rules begin with this; what follows is their own. */
struct parts_rules {
	struct arena *arena;
	struct table_list *list;
	struct mime_options options;
	bool apart; /* those of a class: for some of the recipients */
};

/* Which rules, and header_size_limit and line_length_limit. */
struct parts_rules_name {
	const char *parameter; /* "text_checks" */
	const char *class;     /* CLASS_text_checks; NULL: those for all */
	size_t header_size, line_length;
};

/*
 * parts_rules_open(rules, name, conf, params, err):
 * Open the tables that ${conf} (a service's view) names, and read ${params},
 * whose texts are in rules->arena.  False: there are none.  A table that cannot
 * be opened cannot be asked; the reason is added to ${err}.  In both cases they
 * are to be closed.
 */
bool
parts_rules_open(struct parts_rules *rules, const struct parts_rules_name *name,
    struct conf *conf, struct checks_params *params, struct err *err);
void parts_rules_close(struct parts_rules *rules);

/* parts_rules_block(rules): look-ups may block; not for a loop. */
bool parts_rules_block(const struct parts_rules *rules);

#endif
