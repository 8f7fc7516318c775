/* table_list.h - tables as a parameter names them, asked in order. */
#ifndef RULES_TABLE_LIST_H
#define RULES_TABLE_LIST_H

#include <stddef.h>

struct arena;
struct conf;
struct err;
struct table;

/* A list of tables, asked in order: "hash:a, inline:{b=c}". */
struct table_list {
	struct table **tables;
	size_t count;
	const char *name; /* the parameter, for messages */
};

/* table_list_open(text, name, conf, arena, err): open all; errors of single
 * tables are gathered in ${err}, and the list is usable all the same. */
struct table_list *table_list_open(const char *text, const char *name,
    struct conf *conf, struct arena *arena, struct err *err);
/* table_list_open_as(): with the flags of table_open_as(). */
struct table_list *table_list_open_as(const char *text, const char *name,
    struct conf *conf, unsigned flags, struct arena *arena, struct err *err);
void table_list_close(struct table_list *list);
unsigned table_list_flags(const struct table_list *list); /* or of all */

#endif
