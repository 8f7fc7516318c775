/* table_query.h - how a key becomes a query to a database, and what the
 * database says the value of a table: the part that pgsql_table(5),
 * mysql_table(5), sqlite_table(5) and ldap_table(5) have in common.
 *
 * In templates stands for
 *	%s %u %d    the key or, in a result format, a result; its part before
 *	            the last @; its part behind
 *	%S %U %D    the same of the key, always
 *	%1 ... %9   labels of the key's domain, the last one first
 *	%%          a percent sign
 * A key or a result that has not what a template needs gives nothing. */
#ifndef RULES_TABLE_QUERY_H
#define RULES_TABLE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "rules/table.h"

struct arena;
struct err;
struct table_opening;
struct table_settings;

/* Immutable when it has been made: any thread. */
struct table_query;

/*
 * table_query_open(type, opening, settings, err):
 * Take "result_format" (or, older, "result_filter"), "domain" and
 * "expansion_limit" from ${settings}, which must live as long.  ${type} is the
 * table's, for messages.  NULL and the reason: a mistake in them.
 */
struct table_query *
table_query_open(const char *type, const struct table_opening *opening,
    struct table_settings *settings, struct err *err);
void table_query_close(struct table_query *query);

/* table_query_add(query, template, dynamic, err): ${template} will be expanded
 * with keys.  All must be added before the first expansion.  *dynamic (may be
 * NULL): it depends on the key.  -1: it is malformed. */
int table_query_add(struct table_query *query, const char *template,
    bool *dynamic, struct err *err);

/* table_query_sql(settings, function, err): "query", or what it is by the
 * older parameters: if ${function}, "select_function"; "select_field",
 * "table", "where_field" and "additional_conditions".  NULL and the reason. */
const char *table_query_sql(
    struct table_settings *settings, bool function, struct err *err);

/* table_query_admits(query, arena, key, value): is the key's domain among
 * "domain", and has the key what all templates need?  TABLE_FOUND: ask,
 * TABLE_NONE: it is not there, TABLE_FAILED: as table_type.find(). */
enum table_status table_query_admits(const struct table_query *query,
    struct arena *arena, const char *key, struct table_value *value);

/* How a piece of a key is made harmless where it is put in; false: it cannot
 * be. */
typedef bool (*table_query_quote)(void *arg, const char *text, struct buf *out);

enum table_query_result {
	TABLE_QUERY_READY,
	TABLE_QUERY_NOTHING, /* the key has not what the template needs */
	TABLE_QUERY_REFUSED, /* by ${quote} */
};

/* table_query_expand(query, template, key, quote, arg, out): append
 * ${template} to ${out}. */
enum table_query_result
table_query_expand(const struct table_query *query, const char *template,
    const char *key, table_query_quote quote, void *arg, struct buf *out);

/* table_query_text(query, template, key, arena): the same where nothing need be
 * quoted; NULL: nothing. */
const char *table_query_text(const struct table_query *query,
    const char *template, const char *key, struct arena *arena);

/* Results on their way to become a value.  Zero-initialised: none. */
struct table_query_answer {
	struct buf text;
	int count;
};

/* table_query_collect(query, answer, key, result): put one more behind a comma;
 * NULL is no result, and an empty one is skipped with Postfix's warning.
 * False: there are more than expansion_limit; the caller warns. */
bool table_query_collect(const struct table_query *query,
    struct table_query_answer *answer, const char *key, const char *result);

/* table_query_finish(answer, arena, value): TABLE_FOUND and the value, or
 * TABLE_NONE; ${answer} is empty again. */
enum table_status table_query_finish(struct table_query_answer *answer,
    struct arena *arena, struct table_value *value);

/* table_query_limit(query): expansion_limit. */
int table_query_limit(const struct table_query *query);

#endif
