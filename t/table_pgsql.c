/* pgsql: against a PostgreSQL server. */
#include "rules/table_pgsql.h"

#define ACCOUNT "user = weir\npassword = secret\ndbname = postgres\n"
#include "t/sql_tests.h"

static const char init[] =
    "CREATE TABLE alias (name text, target text, extra text);\n"
    "INSERT INTO alias VALUES ('plain', 'there@example.com', NULL),\n"
    " ('it''s', 'quoted', 'q2'), ('two', 'a', 'b'), ('two', 'c', 'd'),\n"
    " ('u@example.com', 'of example', ''), ('back\\slash', 'b', ''),\n"
    " (U&'\\00e4', U&'\\00f6', '');\n"
    "CREATE FUNCTION lookup(text) RETURNS text LANGUAGE sql AS\n"
    " $$SELECT target FROM alias WHERE name = $1$$;\n";

static char want[256];

/* Every failure is "could not ask", and says why. */
static void
test_mistakes(void)
{
	struct table *t = servers_open("limit.cf",
	    ACCOUNT HERE TARGET "expansion_limit = 1\n", servers_port);

	ok(ask(t, "two")[0] == '!', "more results than the limit");
	is(collect(),
	    "warning: dict_pgsql_lookup: limit.cf: Expansion limit exceeded "
	    "for key: 'two'\n",
	    "and a warning says so");
	is(ask(t, "plain"), "there@example.com", "as many are fine");
	table_close(t);
	t = servers_open("bad.cf",
	    ACCOUNT HERE "query = SELECT 1 / (length('%%s') - 5)\n",
	    servers_port);
	ok(ask(t, "plain")[0] == '!', "an error in the query");
	(void)snprintf(want, sizeof want,
	    "warning: pgsql query failed: fatal error from host 127.0.0.1:%u: "
	    "ERROR:  division by zero\n",
	    servers_port);
	is(collect(), want, "and a warning says which");
	is(ask(t, "six..."), "1", "the server is asked further on");
	table_close(t);
	t = servers_open("copy.cf",
	    ACCOUNT HERE "query = COPY alias TO STDOUT --%%s\n", servers_port);
	ok(ask(t, "k")[0] == '!', "a query that is no question");
	table_close(t);
	t = servers_open("account.cf",
	    "user = weir\npassword = wrong\ndbname = postgres\n" HERE TARGET,
	    servers_port);
	ok(ask(t, "plain")[0] == '!' &&
		strstr(ask(t, "plain"), "no server has answered") != NULL,
	    "a wrong password; the server is then left alone");
	table_close(t);
	(void)collect();
	t = servers_open("none.cf", "dbname = postgres\n");
	ok(strstr(ask(t, "k"), "bad string length 0 < 1: table = ") != NULL,
	    "no query");
	table_close(t);
	t = servers_open("slow.cf",
	    ACCOUNT HERE "timeout = 1\nquery = SELECT pg_sleep(20), '%%s'\n",
	    servers_port);
	ok(strstr(ask(t, "k"), "no answer from host") != NULL, "a slow query");
	table_close(t);
	(void)collect();
}

/* The forms of old: main.cf, and a query in parts. */
static void
test_old_forms(void)
{
	struct err err = { "" };
	char text[1024];
	struct conf *conf;
	struct table *t;

	(void)snprintf(text, sizeof text,
	    "secret = secret\nold_hosts = unix:%s:%u\nold_user = weir\n"
	    "old_password = $secret\nold_dbname = postgres\n"
	    "old_select_field = target\nold_table = alias\n"
	    "old_where_field = name\nold_additional_conditions = AND 1 = 1\n",
	    path_of("server"), servers_port);
	conf = conf_parse(
	    "main.cf", text, (const struct param_table *const[]){ NULL }, &err);
	t = table_open("pgsql:old", conf, &err);
	is(ask(t, "two"), "a,c", "main.cf, a socket, and a query in parts");
	table_close(t);
	conf_free(conf);
	t = servers_open("function.cf",
	    "hosts = postgresql://weir:secret@127.0.0.1:%u/postgres\n"
	    "dbname = postgres\nselect_function = lookup\n",
	    servers_port);
	is(ask(t, "plain"), "there@example.com", "a URI and a function");
	table_close(t);
	is(collect(), "", "nothing is logged");
}

int
main(void)
{
	servers_begin("pgsql", init);
	sql_tests_queries();
	test_mistakes();
	test_old_forms();
	sql_tests_failover();
	sql_tests_restart();
	sql_tests_many(ACCOUNT HERE
	    "query = SELECT count(*) - 1 FROM pg_stat_activity "
	    "WHERE backend_type = 'client backend' AND '%%s' = 'k'\n");
	return servers_end();
}
