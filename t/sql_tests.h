/* sql_tests.h - what is true of the table of each SQL server.  Who includes it
 * has a table "alias" there and has defined ACCOUNT, the parameters that lead to
 * it. */
#ifndef T_SQL_TESTS_H
#define T_SQL_TESTS_H

#include "t/servers.h"

#define TARGET "query = SELECT target FROM alias WHERE name = '%%s'\n"
#define HERE   "hosts = 127.0.0.1:%u\n"

static inline void
sql_tests_queries(void)
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

static inline void
sql_tests_failover(void)
{
	unsigned dead, silent;
	int a = servers_silent(&dead, false), b;
	struct table *t;
	int64_t start;
	char want[64];

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
	ok(ask(t, "k")[0] == '!' && servers_now() - start < 60000,
	    "a host that says nothing");
	(void)snprintf(
	    want, sizeof want, "warning: connect to %s server", servers_kind);
	ok(strstr(collect(), want) != NULL, "is spoken of");
	table_close(t);
	(void)close(a);
	(void)close(b);
}

static inline void
sql_tests_restart(void)
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

/* ${count_settings}, a format of HERE, is of a table that has for "k" the number
 * of connections but its own. */
static inline void
sql_tests_many(const char *count_settings)
{
	struct table *t = servers_open("many.cf",
	    ACCOUNT HERE TARGET "connection_limit = 3\n", servers_port);
	struct table *count =
	    servers_open("count.cf", count_settings, servers_port);

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

#endif
