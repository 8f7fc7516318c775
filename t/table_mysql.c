/* mysql: against a MariaDB server. */
#include "rules/table_mysql.h"

#define ACCOUNT "user = weir\npassword = secret\ndbname = mail\n"
#include "t/sql_tests.h"

static const char init[] =
    "CREATE DATABASE mail CHARACTER SET utf8mb4;\nUSE mail;\n"
    "SET NAMES utf8mb4;\n"
    "CREATE TABLE alias (name text, target text, extra text);\n"
    "INSERT INTO alias VALUES ('plain', 'there@example.com', NULL),\n"
    " ('it''s', 'quoted', 'q2'), ('two', 'a', 'b'), ('two', 'c', 'd'),\n"
    " ('u@example.com', 'of example', ''), ('back\\\\slash', 'b', ''),\n"
    " ('\xc3\xa4', '\xc3\xb6', '');\n"
    "DELIMITER //\n"
    "CREATE PROCEDURE one(IN k text) SELECT target FROM alias\n"
    " WHERE name = k//\n"
    "CREATE PROCEDURE twice(IN k text) BEGIN SELECT 1; SELECT 2; END//\n"
    "CREATE PROCEDURE none(IN k text) BEGIN SET @x = k; END//\n"
    "DELIMITER ;\n"
    "CREATE USER weir IDENTIFIED BY 'secret';\n"
    "CREATE USER safe IDENTIFIED BY 'secret' REQUIRE SSL;\n"
    "GRANT ALL ON mail.* TO safe;\n"
    "GRANT ALL ON mail.* TO weir;\nGRANT PROCESS ON *.* TO weir;\n";

/* Every failure is "could not ask", and says why. */
static void
test_mistakes(void)
{
	struct table *t = servers_open("limit.cf",
	    ACCOUNT HERE TARGET "expansion_limit = 1\n", servers_port);

	ok(ask(t, "two")[0] == '!', "more results than the limit");
	is(collect(),
	    "warning: dict_mysql_lookup: limit.cf: Expansion limit exceeded "
	    "for key: 'two'\n",
	    "and a warning says so");
	is(ask(t, "plain"), "there@example.com", "as many are fine");
	table_close(t);
	t = servers_open("bad.cf",
	    ACCOUNT HERE "query = SELECT (SELECT name FROM alias LIMIT "
			 "1, 9) = '%%s'\n",
	    servers_port);
	ok(ask(t, "plain")[0] == '!', "an error in the query");
	is(collect(),
	    "warning: mysql:bad.cf: query failed (mysql_store_result): "
	    "Subquery returns more than "
	    "1 row\n",
	    "and a warning says which");
	table_close(t);
	t = servers_open("account.cf",
	    "user = weir\npassword = wrong\ndbname = mail\n" HERE TARGET,
	    servers_port);
	ok(ask(t, "plain")[0] == '!' &&
		strstr(ask(t, "plain"), "no server has answered") != NULL,
	    "a wrong password; the server is then left alone");
	table_close(t);
	(void)collect();
	t = servers_open("none.cf", "dbname = mail\n");
	ok(strstr(ask(t, "k"), "bad string length 0 < 1: table = ") != NULL,
	    "no query");
	table_close(t);
	t = servers_open("slow.cf",
	    ACCOUNT HERE "timeout = 1\nquery = SELECT sleep(20), '%%s'\n",
	    servers_port);
	ok(ask(t, "k")[0] == '!', "a slow query");
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
	    "secret = secret\nold_hosts = unix:%s/socket\nold_user = weir\n"
	    "old_password = $secret\nold_dbname = mail\n"
	    "old_select_field = target\nold_table = alias\n"
	    "old_where_field = name\nold_additional_conditions = AND 1 = 1\n",
	    path_of("server"));
	conf = conf_parse(
	    "main.cf", text, (const struct param_table *const[]){ NULL }, &err);
	t = table_open("mysql:old", conf, &err);
	is(ask(t, "two"), "a,c", "main.cf, a socket, a query in parts");
	table_close(t);
	conf_free(conf);
	is(collect(), "", "nothing is logged");
}

static void
test_procedures(void)
{
	struct table *t = servers_open(
	    "one.cf", ACCOUNT HERE "query = CALL one('%%s')\n", servers_port);

	is(ask(t, "two"), "a,c", "a stored procedure");
	is(ask(t, "two"), "a,c", "and again");
	table_close(t);
	t = servers_open("both.cf", ACCOUNT HERE "query = CALL twice('%%s')\n",
	    servers_port);
	ok(ask(t, "k")[0] == '!', "with more than one result");
	is(collect(),
	    "warning: mysql:both.cf: query failed: multiple result sets "
	    "returning data are not supported\n",
	    "and a warning says so");
	ok(strstr(ask(t, "k"), "multiple result sets") != NULL,
	    "the connection is whole");
	table_close(t);
	(void)collect();
	t = servers_open(
	    "none.cf", ACCOUNT HERE "query = CALL none('%%s')\n", servers_port);
	ok(ask(t, "k")[0] == '!', "with no result");
	is(collect(),
	    "warning: mysql:none.cf: query failed: query returned no result "
	    "set(require_result_set = yes)\n",
	    "and a warning says so");
	table_close(t);
	t = servers_open("zero.cf",
	    ACCOUNT HERE "query = CALL none('%%s')\nrequire_result_set = no\n",
	    servers_port);
	is(ask(t, "k"), "-", "where none is required");
	table_close(t);
}

/* The account stands in a file for MySQL's programs. */
static void
test_option_file(void)
{
	struct table *t;

	put_file(
	    "my.cnf", "[client]\nuser = weir\n[weir]\npassword = secret\n");
	t = servers_open("option.cf",
	    "dbname = mail\noption_file = %s\noption_group = weir\n" HERE
		TARGET,
	    path_of("my.cnf"), servers_port);
	is(ask(t, "two"), "a,c", "option_file, option_group");
	table_close(t);
	t = servers_open("nogroup.cf",
	    "dbname = mail\noption_file = %s\noption_group =\n" HERE TARGET,
	    path_of("my.cnf"), servers_port);
	ok(ask(t, "two")[0] == '!', "without the group");
	table_close(t);
	(void)collect();
}

static void
test_tls(void)
{
	struct table *t = servers_open("plain.cf",
	    "user = safe\npassword = secret\ndbname = mail\n" HERE TARGET,
	    servers_port);

	ok(ask(t, "two")[0] == '!', "an account that needs TLS");
	table_close(t);
	(void)collect();
	t = servers_open("tls.cf",
	    "user = safe\npassword = secret\ndbname = mail\n"
	    "tls_CAfile = %s\ntls_verify_cert = yes\n" HERE TARGET,
	    path_of("server/cert.pem"), servers_port);
	is(ask(t, "two"), "a,c", "has it");
	table_close(t);
	t = servers_open("ca.cf",
	    ACCOUNT "tls_CAfile = /etc/ssl/certs/ca-certificates.crt\n"
		    "tls_verify_cert = yes\n" HERE TARGET,
	    servers_port);
	ok(ask(t, "two")[0] == '!', "a certificate of nobody known");
	table_close(t);
	(void)collect();
}

int
main(void)
{
	servers_begin("mysql", init);
	sql_tests_queries();
	test_mistakes();
	test_old_forms();
	test_procedures();
	test_option_file();
	test_tls();
	sql_tests_failover();
	sql_tests_restart();
	sql_tests_many(ACCOUNT HERE "query = SELECT count(*) - 1 FROM "
				    "information_schema.processlist "
				    "WHERE user = 'weir' AND '%%s' = 'k'\n");
	return servers_end();
}
