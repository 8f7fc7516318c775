/* table_sql.h - what tables of SQL servers have in common. */
#ifndef RULES_TABLE_SQL_H
#define RULES_TABLE_SQL_H

#include <stdbool.h>

#include "base/clock.h"
#include "rules/client_pool.h"
#include "rules/table_query.h"
#include "rules/table_settings.h"
#include "rules/types.h"

/* How long a server that fails is left alone, as in Postfix. */
#define TABLE_SQL_REST (60 * CLOCK_SECOND)

/* A table begins with this; what follows is its own. */
struct table_sql {
	const char *type;
	struct table_settings *settings;
	struct table_query *query;
	struct client_pool *pool;
	const char *template;
	const char *user, *password, *dbname;
	int timeout; /* seconds, for a connection and for an answer */
};

/* One look-up. */
struct table_sql_question {
	const struct table_sql *table;
	const char *key;
	struct table_query_answer answer;
	bool too_many;
};

/*
 * table_sql_open(table, opening, kind, functions, err):
 * Read the parameters that they share, and have a pool; ${functions}: for
 * table_query_sql().  ${table} is zero but for its type.  -1 and the reason; in
 * either case it is for table_sql_close() to clean up.
 */
int table_sql_open(struct table_sql *table, const struct table_opening *opening,
    const struct client_pool_kind *kind, bool functions, struct err *err);
void table_sql_close(struct table_sql *table);

/* table_sql_collect(question, result): one more; false: no more are wanted. */
bool table_sql_collect(struct table_sql_question *question, const char *result);

/* table_sql_find(table, ask, arena, key, value): as table_type.find();
 * ${ask} is given a struct table_sql_question. */
enum table_status table_sql_find(const struct table_sql *table,
    enum client_pool_result (*ask)(void *arg, void *connection,
	const struct client_pool_turn *turn, struct err *err),
    struct arena *arena, const char *key, struct table_value *value);

#endif
