/* Tables of SQLite: many threads, files that are replaced, locked, damaged or
 * slow.  What Postfix has, too, is compared in table_servers.t. */
#include <pthread.h>
#include <stdatomic.h>

#include "t/tables.h"

enum { ASKERS = 16, QUESTIONS = 100 };

static void
make_database(const char *name, const char *value)
{
	char command[2 * PATH_MAX];

	(void)snprintf(command, sizeof command,
	    "sqlite3 %s \"CREATE TABLE t (k, v); "
	    "INSERT INTO t VALUES ('key', '%s')\"",
	    path_of(name), value);
	shell(command);
}

static struct table *
open_query(const char *database, const char *query)
{
	char text[2 * PATH_MAX];

	(void)snprintf(text, sizeof text, "dbpath = %s\nquery = %s\n",
	    path_of(database), query);
	put_file("x.cf", text);
	return open_file("sqlite", "x.cf");
}

static const char by_key[] = "SELECT v FROM t WHERE k = '%s'";

static atomic_int right;

static void *
ask_many(void *arg)
{
	struct arena *arena = arena_new();
	struct table_value v;

	for (int i = 0; i < QUESTIONS; i++)
		right += table_find(arg, arena, "key", &v) == TABLE_FOUND &&
		    strcmp(v.text, "one") == 0;
	arena_free(arena);
	return NULL;
}

static void
test_threads(void)
{
	struct table *t = open_query("db", by_key);
	pthread_t askers[ASKERS];

	ok(table_flags(t) == (TABLE_FOLDS | TABLE_MAY_BLOCK),
	    "what callers must know");
	for (int i = 0; i < ASKERS; i++)
		(void)pthread_create(&askers[i], NULL, ask_many, t);
	for (int i = 0; i < ASKERS; i++)
		(void)pthread_join(askers[i], NULL);
	ok(right == ASKERS * QUESTIONS, "%d right answers", (int)right);
	table_close(t);
	is(collect(), "", "and no warnings");
}

static void
test_replaced(void)
{
	struct table *t = open_query("late", by_key);

	ok(strstr(ask(t, "key"), "!sqlite:") != NULL, "there is no database");
	ok(strstr(collect(),
	       "x.cf: Can't open database: unable to open database file") !=
		NULL,
	    "a warning says so");
	make_database("late", "first");
	is(ask(t, "key"), "first", "it is there now");
	make_database("other", "second");
	(void)rename(path_of("other"), path_of("late"));
	is(ask(t, "KEY"), "second", "another file in its place");
	(void)unlink(path_of("late"));
	ok(ask(t, "key")[0] == '!', "it has gone");
	(void)collect();
	put_file("late", "this is no database at all, but long enough");
	ok(strstr(ask(t, "key"), "file is not a database") != NULL,
	    "it is none");
	(void)collect();
	table_close(t);
}

static void
test_only_read(void)
{
	struct table *t = open_query("db", "DELETE FROM t WHERE k = '%s'");

	ok(strstr(ask(t, "key"), "attempt to write a readonly database") !=
		NULL,
	    "a query cannot change anything");
	table_close(t);
	t = open_query("db", by_key);
	is(ask(t, "key"), "one", "nothing has changed");
	is(ask(t, "' OR 'a' = 'a"), "-", "nor can a key change the query");
	table_close(t);
	(void)collect();
}

static void
test_slow(void)
{
	struct table *t = open_query("db",
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
	    "SELECT count(*) FROM n WHERE i = '%s'");
	pthread_t clock;

	(void)pthread_create(&clock, NULL, let_time_pass, NULL);
	ok(strstr(ask(t, "x"), "interrupted") != NULL,
	    "a query without end has one");
	(void)pthread_join(clock, NULL);
	table_close(t);
	(void)collect();
}

int
main(void)
{
	tables_begin();
	make_database("db", "one");
	test_threads();
	test_replaced();
	test_only_read();
	test_slow();
	return tables_end();
}
