/* pgsql: against a PostgreSQL server. */
#include "rules/table_pgsql.h"

#include "t/servers.h"

static const char init[] =
    "CREATE TABLE alias (name text, target text, extra text);\n"
    "INSERT INTO alias VALUES ('plain', 'there@example.com', NULL),\n"
    " ('it''s', 'quoted', 'q2'), ('two', 'a', 'b'), ('two', 'c', 'd'),\n"
    " ('u@example.com', 'of example', ''), ('back\\slash', 'b', ''),\n"
    " (U&'\\00e4', U&'\\00f6', '');\n"
    "CREATE FUNCTION lookup(text) RETURNS text LANGUAGE sql AS\n"
    " $$SELECT target FROM alias WHERE name = $1$$;\n";

static char want[256];

#define ACCOUNT "user = weir\npassword = secret\ndbname = postgres\n"
#define TARGET  "query = SELECT target FROM alias WHERE name = '%%s'\n"
#define HERE    "hosts = 127.0.0.1:%u\n"

static void
test_queries(void)
{
	struct table *t =
	    servers_open("t.cf", ACCOUNT HERE TARGET, servers_port);

	is(ask(t, "plain"), "there@example.com", "found");
	is(ask(t, "PLAIN"), "there@example.com", "the key is folded");
	is(ask(t, "none"), "-", "not found");
	is(ask(t, "two"), "a,c", "rows are joined");
	is(ask(t, "it's"), "quoted", "a quote in a key");
	is(ask(t, "back\\slash"), "b", "a backslash in a key");
	is(ask(t, "' OR ''='"), "-", "a key is never part of the query");
	is(ask(t, "\xc3\x84"), "\xc3\xb6", "UTF-8");
	is(collect(), "", "and nothing is logged");
	table_close(t);
	t = servers_open("all.cf",
	    ACCOUNT HERE
	    "query = SELECT target, extra FROM alias WHERE name = '%%s'\n"
	    "result_format = <%%s>\n",
	    servers_port);
	is(ask(t, "two"), "<a>,<b>,<c>,<d>", "columns are joined");
	is(ask(t, "plain"), "<there@example.com>", "a NULL is left out");
	(void)collect();
	table_close(t);
	t = servers_open("one.cf",
	    ACCOUNT HERE TARGET "expansion_limit = 1\ndomain = example.com\n",
	    servers_port);
	is(ask(t, "plain"), "-", "domain: not asked");
	is(ask(t, "u@example.com"), "of example", "domain: asked");
	table_close(t);
}

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

static void
test_failover(void)
{
	unsigned dead, silent;
	int a = servers_silent(&dead, false), b;
	struct table *t;
	int64_t start;

	b = servers_silent(&silent, true);
	t = servers_open("two.cf",
	    ACCOUNT TARGET "hosts = 127.0.0.1:%u, 127.0.0.1:%u\n", dead,
	    servers_port);
	for (unsigned i = 0; i < 10; i++)
		if (strcmp(ask(t, "two"), "a,c") != 0)
			break;
	is(ask(t, "two"), "a,c", "a host that is away is passed over");
	table_close(t);
	(void)collect();
	t = servers_open("silent.cf",
	    ACCOUNT TARGET "timeout = 2\nhosts = 127.0.0.1:%u\n", silent);
	start = servers_now();
	ok(ask(t, "k")[0] == '!' && servers_now() - start < 8000,
	    "a host that says nothing");
	ok(strstr(collect(), "warning: connect to pgsql server") != NULL,
	    "is spoken of");
	table_close(t);
	(void)close(a);
	(void)close(b);
}

static void
test_restart(void)
{
	struct table *t =
	    servers_open("again.cf", ACCOUNT HERE TARGET, servers_port);

	is(ask(t, "two"), "a,c", "a connection is made");
	servers_stop();
	servers_start();
	is(ask(t, "two"), "a,c", "a server that was away for a while");
	is(collect(), "", "is not spoken of");
	servers_stop();
	ok(ask(t, "two")[0] == '!', "a server that is away");
	(void)collect();
	servers_start();
	ok(strstr(ask(t, "two"), "no server has answered lately") != NULL,
	    "is not asked again at once");
	is(collect(), "", "and not spoken of again");
	seconds_later(61);
	is(ask(t, "two"), "a,c", "but a minute later");
	table_close(t);
}

static void
test_many(void)
{
	struct table *t = servers_open("many.cf",
	    ACCOUNT HERE TARGET "connection_limit = 3\n", servers_port);
	struct table *count = servers_open("count.cf",
	    ACCOUNT HERE
	    "query = SELECT count(*) - 1 FROM pg_stat_activity "
	    "WHERE backend_type = 'client backend' AND '%%s' = 'k'\n",
	    servers_port);

	ok(servers_crowd(t, "two", "a,c") == 320, "many threads");
	is(ask(count, "k"), "3", "share three connections");
	seconds_later(61);
	is(ask(t, "two"), "a,c", "idle for a minute");
	for (unsigned i = 0; i < 100 && strcmp(ask(count, "k"), "1") != 0; i++)
		(void)usleep(20000);
	is(ask(count, "k"), "1", "they are closed");
	table_close(count);
	table_close(t);
	t = servers_open("jail.cf", ACCOUNT HERE TARGET, servers_port);
	ok(geteuid() != 0 || servers_jailed(t, "two", "a,c"), "in a jail");
	table_close(t);
	(void)collect();
}

int
main(void)
{
	servers_begin("pgsql", init);
	test_queries();
	test_mistakes();
	test_old_forms();
	test_failover();
	test_restart();
	test_many();
	return servers_end();
}
