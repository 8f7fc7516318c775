/* redis: against a Redis server, and against what only says that it is one. */
#include "rules/table_redis.h"

#include "t/servers.h"

static const char init[] = "SET plain there@example.com\n"
			   "SET \"it's \\\"odd\\\"\\r\\nFLUSHALL\" odd\n"
			   "SET \"\xc3\xa4\" \"\xc3\xb6\"\n"
			   "SET empty \"\"\n"
			   "SET nul \"a\\x00b\"\n"
			   "SET lines \"a\\r\\nb\"\n"
			   "SET long 12345678901\n"
			   "SET user:user@example.com whole\n"
			   "SET a%b percent\n"
			   "SET of:example.com:user parts\n"
			   "HSET alias plain of-hash\n"
			   "HSET example.com user of-domain\n"
			   "LPUSH list a b\n"
			   "SELECT 3\n"
			   "SET plain third\n"
			   "ACL SETUSER less on >word ~none:* +get\n";

#define ACCOUNT "password = secret\n"
#define HERE    "host = 127.0.0.1:%u\n"

static unsigned tls_port;

/* The reason of a failure, behind the server's name. */
static const char *
reason(struct table *t, const char *key)
{
	const char *answer = ask(t, key), *host = strstr(answer, "127.0.0.1:");

	return answer[0] == '!' && host != NULL ? strchr(host, ' ') : answer;
}

static void
test_keys(void)
{
	struct table *t = servers_open("t.cf", ACCOUNT HERE, servers_port);

	ok(table_flags(t) == (TABLE_FOLDS | TABLE_MAY_BLOCK),
	    "what callers must know");
	is(ask(t, "plain"), "there@example.com", "found");
	is(ask(t, "PLAIN"), "there@example.com", "the key is folded");
	is(ask(t, "none"), "-", "not found");
	is(ask(t, "\xc3\x84"), "\xc3\xb6", "UTF-8");
	is(ask(t, "lines"), "a\r\nb", "a value of two lines");
	/* Hostile row 76: a key is told with its length. */
	is(ask(t, "it's \"odd\"\r\nFLUSHALL"), "-", "a key with a line end");
	is(ask(t, "x\r\nflushall\r\n"), "-", "a command within a key");
	is(ask(t, "*"), "-", "a key that would be a pattern");
	is(ask(t, "$5\r\nplain"), "-", "a key that looks like the protocol");
	is(ask(t, "plain"), "there@example.com", "is no command");
	is(collect(), "", "and nothing is logged");
	is(ask(t, "empty"), "-", "an empty value is none");
	ok(strstr(collect(), "empty lookup result for: \"empty\" -- ignored") !=
		NULL,
	    "with a warning");
	table_close(t);
}

static void
test_templates(void)
{
	struct table *t = servers_open(
	    "prefix.cf", ACCOUNT HERE "prefix = user:\n", servers_port);

	is(ask(t, "user@example.com"), "whole", "prefix");
	is(ask(t, "plain"), "-", "no other key");
	table_close(t);
	t = servers_open(
	    "percent.cf", ACCOUNT HERE "prefix = a%%\n", servers_port);
	is(ask(t, "b"), "percent", "a percent sign in the prefix");
	table_close(t);
	t = servers_open("parts.cf",
	    ACCOUNT HERE "key_format = of:%%d:%%u\ndomain = example.com\n"
			 "result_format = <%%s>\n",
	    servers_port);
	is(ask(t, "user@example.com"), "<parts>", "key_format, result_format");
	is(ask(t, "user@example.org"), "-", "domain: not asked");
	is(ask(t, "user"), "-", "a key without a domain");
	table_close(t);
	t = servers_open(
	    "hash.cf", ACCOUNT HERE "hash = alias\n", servers_port);
	is(ask(t, "plain"), "of-hash", "hash");
	is(ask(t, "none"), "-", "not there");
	table_close(t);
	t = servers_open("hashes.cf",
	    ACCOUNT HERE "hash = %%d\nkey_format = %%u\n", servers_port);
	is(ask(t, "user@example.com"), "of-domain", "a hash for each domain");
	is(ask(t, "user@example.org"), "-", "that is not there");
	table_close(t);
	t = servers_open(
	    "third.cf", ACCOUNT HERE "dbindex = 3\n", servers_port);
	is(ask(t, "plain"), "third", "dbindex");
	table_close(t);
	is(collect(), "", "and nothing is logged");
}

/* Until it is left alone for long, however slow the machine is. */
static void
wear_out(struct table *t)
{
	for (int i = 0; i < 6; i++) {
		seconds_later(30);
		(void)ask(t, "plain");
	}
}

/* Every failure is "could not ask", and says why. */
static void
test_mistakes(void)
{
	struct table *t = servers_open(
	    "t.cf", ACCOUNT HERE "data_size_limit = 10\n", servers_port);

	is(reason(t, "list"),
	    " WRONGTYPE Operation against a key holding the wrong kind of "
	    "value",
	    "a list is no value");
	ok(strstr(collect(), "warning: redis:t.cf: query failed, host inet:") !=
		NULL,
	    "and a warning says so");
	ok(strstr(ask(t, "nul"), "a value with a NUL") != NULL,
	    "nor is what has a NUL in it");
	ok(strstr(ask(t, "long"), "is longer than data_size_limit") != NULL,
	    "data_size_limit");
	is(ask(t, "\xc3\xa4"), "\xc3\xb6", "the connection is whole");
	table_close(t);
	(void)collect();
	t = servers_open("wrong.cf", "password = wrong\n" HERE, servers_port);
	is(reason(t, "plain"),
	    " AUTH: WRONGPASS invalid username-password pair or user is "
	    "disabled.",
	    "a wrong password");
	wear_out(t);
	ok(strstr(ask(t, "plain"), "no server has answered lately") != NULL,
	    "the server is then left alone");
	ok(strstr(collect(), "wrong\n") == NULL, "no password in the log");
	table_close(t);
	t = servers_open("no.cf", HERE, servers_port);
	is(reason(t, "plain"), " NOAUTH Authentication required.",
	    "no password");
	table_close(t);
	t = servers_open(
	    "third.cf", ACCOUNT HERE "dbindex = 99\n", servers_port);
	is(reason(t, "plain"), " SELECT: ERR DB index is out of range",
	    "no such database");
	table_close(t);
	(void)collect();
}

static void
refuses(const char *settings, const char *want)
{
	struct table *t = servers_open("bad.cf", "%s", settings);

	ok(strstr(ask(t, "k"), want) != NULL, "%s", want);
	table_close(t);
	(void)collect();
}

static void
test_settings(void)
{
	struct table *t = servers_open(
	    "socket.cf", ACCOUNT "path = %s\n", path_of("server/socket"));

	is(ask(t, "plain"), "there@example.com", "path");
	table_close(t);
	t = servers_open(
	    "unix.cf", ACCOUNT "host = unix:%s\n", path_of("server/socket"));
	is(ask(t, "plain"), "there@example.com", "a socket among the hosts");
	table_close(t);
	t = servers_open(
	    "port.cf", ACCOUNT "host = 127.0.0.1\nport = %u\n", servers_port);
	is(ask(t, "plain"), "there@example.com", "port");
	table_close(t);
	t = servers_open("user.cf",
	    "username = weir\npassword = word\nhost = inet:127.0.0.1:%u\n",
	    servers_port);
	is(ask(t, "plain"), "there@example.com", "username");
	table_close(t);
	t = servers_open(
	    "less.cf", "username = less\npassword = word\n" HERE, servers_port);
	ok(strstr(ask(t, "plain"), "NOPERM") != NULL,
	    "an account without the right");
	table_close(t);
	(void)collect();
	refuses("username = x\n", "username without password");
	refuses("password =\n", "bad string length 0 < 1: password = ");
	refuses("host =\n", "bad string length 0 < 1: host = ");
	refuses("port = x\n", "bad numerical configuration: port = x");
	refuses("key_format = %x\n", "Invalid query template: %x");
	refuses("tls = perhaps\n", "bad boolean configuration: tls = perhaps");
	refuses("tls = yes\n", "needs a tls_CAfile or tls_CApath");
}

static void
test_tls(void)
{
	struct table *t =
	    servers_open("tls.cf", ACCOUNT HERE "tls = yes\ntls_CAfile = %s\n",
		tls_port, path_of("server/cert.pem"));

	is(ask(t, "plain"), "there@example.com", "TLS");
	table_close(t);
	is(collect(), "", "and nothing is logged");
	t = servers_open("ca.cf",
	    ACCOUNT HERE "tls = yes\n"
			 "tls_CAfile = /etc/ssl/certs/ca-certificates.crt\n",
	    tls_port);
	is(reason(t, "plain"), " TLS: the certificate is not trusted",
	    "a certificate of nobody known");
	table_close(t);
	t = servers_open("name.cf",
	    ACCOUNT "host = localhost:%u\ntls = yes\ntls_CAfile = %s\n",
	    tls_port, path_of("server/cert.pem"));
	ok(strstr(ask(t, "plain"),
	       "TLS: the certificate is not that of localhost") != NULL,
	    "another host's");
	table_close(t);
	t = servers_open("unverified.cf",
	    ACCOUNT HERE "tls = yes\ntls_verify_cert = no\n", tls_port);
	is(ask(t, "plain"), "there@example.com", "tls_verify_cert = no");
	table_close(t);
	t = servers_open("notls.cf",
	    ACCOUNT HERE "tls = yes\ntls_verify_cert = no\n", servers_port);
	ok(ask(t, "plain")[0] == '!', "a server that has none");
	table_close(t);
	(void)collect();
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
	    ACCOUNT "host = 127.0.0.1:%u, 127.0.0.1:%u\n", dead, servers_port);
	is(ask(t, "plain"), "there@example.com", "the next host is asked");
	ok(strstr(collect(), "warning: connect to redis server") != NULL,
	    "with a warning");
	is(ask(t, "plain"), "there@example.com", "and at once");
	is(collect(), "", "for a while");
	table_close(t);
	t = servers_open(
	    "silent.cf", ACCOUNT "timeout = 1\nhost = 127.0.0.1:%u\n", silent);
	start = servers_now();
	ok(ask(t, "k")[0] == '!' && servers_now() - start < 60000,
	    "a host that says nothing");
	ok(strstr(collect(), "Connection timed out") != NULL, "is spoken of");
	table_close(t);
	(void)close(a);
	(void)close(b);
}

static void
test_restart(void)
{
	struct table *t = servers_open("again.cf", ACCOUNT HERE, servers_port);
	pthread_t clock;

	is(ask(t, "plain"), "there@example.com", "a connection is made");
	servers_signal(SIGKILL);
	servers_stop();
	servers_start();
	is(ask(t, "plain"), "there@example.com",
	    "a server that was killed and is back");
	is(collect(), "", "is not spoken of");
	servers_stop();
	ok(ask(t, "plain")[0] == '!', "a server that is away");
	wear_out(t);
	(void)collect();
	ok(strstr(ask(t, "plain"), "no server has answered lately") != NULL,
	    "is not asked again at once");
	servers_start();
	seconds_later(30);
	is(ask(t, "plain"), "there@example.com", "but in half a minute");
	servers_signal(SIGSTOP);
	(void)pthread_create(&clock, NULL, let_time_pass, NULL);
	ok(ask(t, "plain")[0] == '!', "a server that hangs");
	(void)pthread_join(clock, NULL);
	servers_signal(SIGCONT);
	seconds_later(1);
	is(ask(t, "plain"), "there@example.com", "and goes on");
	table_close(t);
	(void)collect();
}

static void
test_many(void)
{
	struct table *t = servers_open(
	    "many.cf", ACCOUNT HERE "connection_limit = 3\n", servers_port);

	ok(servers_crowd(t, "plain", "there@example.com") == 320,
	    "many threads share three connections");
	ok(servers_jailed(t, "plain", "there@example.com"), "in the jail");
	table_close(t);
	is(collect(), "", "and nothing is logged");
}

int
main(void)
{
	char text[16];
	/* The first free port will be the server's. */
	int first = servers_silent(&tls_port, false);
	int second = servers_silent(&tls_port, false);

	(void)close(first);
	(void)close(second);
	(void)snprintf(text, sizeof text, "%u", tls_port);
	(void)setenv("TLS_PORT", text, 1);
	servers_begin("redis", init);
	test_keys();
	test_templates();
	test_mistakes();
	test_settings();
	test_tls();
	test_failover();
	test_many();
	test_restart();
	return servers_end();
}
