/* members.h - the tables of a unionmap or pipemap: "{type:name, type:name}". */
#ifndef RULES_MEMBERS_H
#define RULES_MEMBERS_H

#include <stddef.h>

#include "rules/types.h"

struct err;

struct members {
	struct table **tables;
	size_t count;
};

/* members_open(type, opening, err): open all.  NULL and the reason: bad
 * syntax.  What is wrong with one member goes to ${err}, too. */
void *
members_open(const char *type, struct table_opening *opening, struct err *err);

/* As in struct table_type. */
void members_close(void *state);
unsigned members_flags(void *state);

#endif
