/* table_sql.c - see table_sql.h. */
#include "rules/table_sql.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"

enum { MOST_CONNECTIONS = 8, TIMEOUT = 10 };

int
table_sql_open(struct table_sql *table, const struct table_opening *opening,
    const struct client_pool_kind *kind, bool functions, struct err *err)
{
	struct table_settings *s;
	char *const *hosts;
	int most = MOST_CONNECTIONS;

	s = table->settings = table_settings_open(opening, err);
	if (s == NULL)
		return -1;
	table->user = table_settings_text(s, "user", "");
	table->password = table_settings_text(s, "password", "");
	table->dbname = "";
	table->timeout = TIMEOUT;
	if (table_settings_filled(s, "dbname", &table->dbname, err) != 0 ||
	    table_settings_count(s, "timeout", 1, &table->timeout, err) != 0 ||
	    table_settings_count(s, "connection_limit", 1, &most, err) != 0)
		return -1;
	table->template = table_query_sql(s, functions, err);
	if (table->template == NULL)
		return -1;
	table->query = table_query_open(table->type, opening, s, err);
	if (table->query == NULL ||
	    table_query_add(table->query, table->template, NULL, err) != 0)
		return -1;
	hosts = table_settings_words(s, "hosts", "");
	if (hosts[0] == NULL)
		hosts = table_settings_split(s, "localhost");
	table->pool = client_pool_open(kind, table, hosts, most);
	return 0;
}

void
table_sql_close(struct table_sql *table)
{
	client_pool_close(table->pool);
	table_query_close(table->query);
	table_settings_close(table->settings);
}

bool
table_sql_collect(struct table_sql_question *question, const char *result)
{
	question->too_many = !table_query_collect(
	    question->table->query, &question->answer, question->key, result);
	return !question->too_many;
}

/* Ask, and have ${question} answered; -1 and the reason. */
static int
have_answer(struct table_sql_question *question,
    enum client_pool_result (*ask)(void *arg, void *connection,
	const struct client_pool_turn *turn, struct err *err),
    struct err *err)
{
	const struct table_sql *t = question->table;

	if (client_pool_ask(t->pool, INT64_MAX, ask, question, err) != 0)
		return -1;
	if (!question->too_many)
		return 0;
	err_set(err,
	    "dict_%s_lookup: %s: Expansion limit exceeded for key: '%s'",
	    t->type, table_settings_name(t->settings), question->key);
	event_warning(NULL, "%s", err->text);
	return -1;
}

enum table_status
table_sql_find(const struct table_sql *table,
    enum client_pool_result (*ask)(void *arg, void *connection,
	const struct client_pool_turn *turn, struct err *err),
    struct arena *arena, const char *key, struct table_value *value)
{
	struct table_sql_question question = { .table = table, .key = key };
	enum table_status status;
	struct err err = { "" };
	int failed;

	status = table_query_admits(table->query, arena, key, value);
	if (status != TABLE_FOUND)
		return status;
	failed = have_answer(&question, ask, &err);
	status = table_query_finish(&question.answer, arena, value);
	if (failed == 0)
		return status;
	value->text = arena_strdup(arena, err.text);
	return TABLE_FAILED;
}
