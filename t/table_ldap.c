/* ldap: against an OpenLDAP server. */
#include "rules/table_ldap.h"

#include "base/buf.h"
#include "rules/ldap_text.h"
#include "t/servers.h"

#define PERSON(name, more)                                                     \
	"dn: cn=" name ",dc=example,dc=com\nobjectClass: inetOrgPerson\n"      \
	"sn: x\ncn: " name "\n" more "\n"
#define GROUP(name, more)                                                      \
	"dn: cn=" name ",ou=groups,dc=example,dc=com\n"                        \
	"objectClass: groupOfNames\nobjectClass: labeledURIObject\n"           \
	"cn: " name "\n" more "\n"

static const char init[] =
    "dn: dc=example,dc=com\nobjectClass: organization\n"
    "objectClass: dcObject\no: x\ndc: example\n\n"
    "dn: ou=groups,dc=example,dc=com\nobjectClass: organizationalUnit\n"
    "ou: groups\n\n" PERSON("one",
	"mail: one@example.com\ndescription: to one\n"
	"userPassword: pw1\n") PERSON("two",
	"mail: two@example.com\ndescription: to two\n"
	"description: and more\n") PERSON("odd*",
	"mail: o(d)d\\*@example.com\ndescription: to odd\n") PERSON("both",
	"mail: both@example.com\ntitle: final\n"
	"description: not seen\n") "dn: cn=a b\\+c,dc=example,dc=com\nobjectClass: inetOrgPerson\n"
				   "sn: x\ncn: a b+c\ndescription: to plus\n\n" GROUP(
				       "list",
				       "description: list\n"
				       "member: cn=one,dc=example,dc=com\n"
				       "member: cn=two,dc=example,dc=com\n"
				       "member: cn=gone,dc=example,dc=com\n"
				       "member: cn=both,dc=example,dc=com\n") GROUP("circle",
				       "description: circle\n"
				       "member: cn=circle,ou=groups,dc=example,dc=com\n")
				       GROUP("url",
					   "description: url\nmember: cn=one,dc=example,dc=com\n"
					   "labeledURI: ldap:///dc=example,dc=com?mail,description?one?"
					   "(cn=two)\n") GROUP("bad",
					   "description: bad\nmember: cn=one,dc=example,dc=com\n"
					   "labeledURI: ldap:///dc=example?x?bogus\n");

#define SERVER "server_host = 127.0.0.1:%u\n"
#define PEOPLE                                                                 \
	"search_base = dc=example,dc=com\nquery_filter = mail=%%s\n"           \
	"result_attribute = description\n"

static void
test_text(void)
{
	struct buf out = { 0 };

	(void)ldap_text_filter(NULL, "a*b(c)\\d", &out);
	is(buf_str(&out), "a\\2ab\\28c\\29\\5cd", "quoted in a filter");
	buf_reset(&out);
	(void)ldap_text_dn(NULL, "a b,c=d+#", &out);
	is(buf_str(&out), "a\\20b\\2Cc=d\\2B\\23", "quoted in a DN");
	buf_free(&out);
	ok(ldap_text_subtype("cn", "CN") > 0, "the same attribute");
	ok(ldap_text_subtype("cn", "cn;lang-de") > 0, "with an option");
	ok(ldap_text_subtype("cn;lang-de", "cn") < 0, "the other way");
	ok(ldap_text_subtype("cn;x", "cn;x") > 0, "the same option");
	ok(ldap_text_subtype("cn", "cna") == 0, "another one");
	ok(ldap_text_subtype("cn;x", "cn;y") == 0, "another option");
}

static void
test_queries(void)
{
	struct table *t = servers_open("t.cf", SERVER PEOPLE, servers_port);

	is(ask(t, "one@example.com"), "to one", "found");
	is(ask(t, "two@example.com"), "to two,and more", "two values");
	is(ask(t, "none@example.com"), "-", "not found");
	is(ask(t, "o(d)d\\*@example.com"), "to odd", "a key is quoted");
	is(ask(t, "*"), "-", "and no pattern");
	is(collect(), "", "nothing is logged");
	table_close(t);
	t = servers_open("base.cf",
	    SERVER "search_base = cn=%%u,dc=%%2,dc=%%1\nscope = base\n"
		   "query_filter = (|(objectClass=*)(cn=%%s))\n"
		   "result_attribute = description\nresult_format = <%%s>%%U\n",
	    servers_port);
	is(ask(t, "one@example.com"), "<to one>one", "the key in the base");
	is(ask(t, "none@example.com"), "-", "a base that is not there");
	is(ask(t, "a b+c@example.com"), "<to plus>a b+c", "and is quoted");
	is(ask(t, "one"), "-", "a key without domain");
	table_close(t);
	t = servers_open("missing.cf",
	    SERVER "search_base = dc=example,dc=net\n"
		   "query_filter = mail=%%s\n",
	    servers_port);
	ok(ask(t, "k")[0] == '!', "a base that is wrong");
	is(collect(),
	    "warning: dict_ldap_lookup: missing.cf: Search base "
	    "'dc=example,dc=net' not found: 32: No such object\n",
	    "and a warning says so");
	table_close(t);
}

static void
test_limits(void)
{
	struct table *t = servers_open(
	    "limit.cf", SERVER PEOPLE "expansion_limit = 1\n", servers_port);

	ok(ask(t, "two@example.com")[0] == '!', "expansion_limit");
	is(collect(),
	    "warning: dict_ldap_get_values[1]: limit.cf: Expansion limit "
	    "exceeded for key: 'two@example.com'\n",
	    "and a warning says so");
	is(ask(t, "one@example.com"), "to one", "as many are fine");
	table_close(t);
	t = servers_open("size.cf",
	    SERVER "search_base = dc=example,dc=com\nsize_limit = 1\n"
		   "query_filter = (|(mail=*)(mail=%%s))\n"
		   "result_attribute = description\n",
	    servers_port);
	ok(ask(t, "k")[0] == '!', "size_limit");
	ok(strstr(collect(), "Search error 4: ") != NULL, "says so");
	table_close(t);
	t = servers_open(
	    "scope.cf", SERVER PEOPLE "scope = wide\n", servers_port);
	ok(strstr(collect(), "Unrecognized value wide specified for scope") !=
		NULL,
	    "scope");
	table_close(t);
	t = servers_open(
	    "bind.cf", SERVER PEOPLE "bind = maybe\n", servers_port);
	ok(strstr(ask(t, "k"), "unsupported parameter value: bind = maybe") !=
		NULL,
	    "bind");
	table_close(t);
	(void)collect();
}

#define GROUPS                                                                 \
	"search_base = ou=groups,dc=example,dc=com\n"                          \
	"query_filter = description=%%s\n"                                     \
	"special_result_attribute = member, labeledURI\n"

static void
test_references(void)
{
	struct table *t = servers_open("groups.cf",
	    SERVER GROUPS "result_attribute = mail\n"
			  "terminal_result_attribute = title\n",
	    servers_port);

	is(ask(t, "list"), "one@example.com,two@example.com,final",
	    "DNs are followed");
	is(collect(),
	    "warning: dict_ldap_get_values[1]: DN cn=gone,dc=example,dc=com "
	    "not found, skipping \n",
	    "those that lead nowhere are skipped");
	is(ask(t, "url"), "one@example.com,two@example.com",
	    "URLs are followed");
	ok(ask(t, "bad")[0] == '!' &&
		strstr(collect(), "malformed URL") != NULL,
	    "a malformed URL");
	table_close(t);
	t = servers_open("leaf.cf",
	    SERVER GROUPS "result_attribute =\n"
			  "leaf_result_attribute = description\n",
	    servers_port);
	is(ask(t, "url"), "to one,to two,and more",
	    "leaves, not the group itself");
	table_close(t);
	t = servers_open("circle.cf",
	    SERVER GROUPS "result_attribute = mail\nrecursion_limit = 5\n",
	    servers_port);
	ok(ask(t, "circle")[0] == '!', "a circle");
	is(collect(),
	    "warning: dict_ldap_get_values[5]: circle.cf: Recursion limit "
	    "exceeded for special attribute "
	    "member=cn=circle,ou=groups,dc=example,dc=com\n",
	    "ends");
	table_close(t);
}

static void
test_accounts(void)
{
	char text[1024];
	struct table *t = servers_open("right.cf",
	    SERVER PEOPLE "bind_dn = cn=one,dc=example,dc=com\n"
			  "bind_pw = pw1\n",
	    servers_port);

	is(ask(t, "one@example.com"), "to one", "a password");
	table_close(t);
	t = servers_open("wrong.cf",
	    SERVER PEOPLE "bind_dn = cn=one,dc=example,dc=com\n"
			  "bind_pw = pw2\n",
	    servers_port);
	ok(ask(t, "one@example.com")[0] == '!', "a wrong one");
	(void)snprintf(text, sizeof text,
	    "warning: dict_ldap_connect: Unable to bind to server "
	    "ldap://127.0.0.1:%u with dn cn=one,dc=example,dc=com: 49 "
	    "(Invalid credentials)\n",
	    servers_port);
	is(collect(), text, "and a warning says so");
	table_close(t);
	t = servers_open("none.cf", SERVER PEOPLE "bind = no\n", servers_port);
	is(ask(t, "one@example.com"), "to one", "no account");
	table_close(t);
	(void)snprintf(text, sizeof text, "%s", path_of("server/socket"));
	for (char *slash; (slash = strchr(text, '/')) != NULL;) {
		memmove(slash + 3, slash + 1, strlen(slash));
		memcpy(slash, "%2F", 3);
	}
	t = servers_open("sasl.cf",
	    "server_host = ldapi://%s\n" PEOPLE
	    "bind = sasl\nsasl_mechs = EXTERNAL\n",
	    text);
	is(ask(t, "one@example.com"), "to one", "SASL over a socket");
	table_close(t);
	is(collect(), "", "nothing is logged");
}

static void
test_tls(void)
{
	struct table *t = servers_open("tls.cf",
	    SERVER PEOPLE "start_tls = yes\ntls_require_cert = yes\n"
			  "tls_ca_cert_file = %s\n",
	    servers_port, path_of("server/cert.pem"));

	is(ask(t, "one@example.com"), "to one", "STARTTLS");
	table_close(t);
	t = servers_open("unknown.cf",
	    SERVER PEOPLE "start_tls = yes\ntls_require_cert = yes\n",
	    servers_port);
	ok(ask(t, "one@example.com")[0] == '!', "an unknown certificate");
	ok(strstr(collect(), "Unable to set STARTTLS: ") != NULL, "says so");
	table_close(t);
	t = servers_open(
	    "any.cf", SERVER PEOPLE "start_tls = yes\n", servers_port);
	is(ask(t, "one@example.com"), "to one", "any certificate");
	table_close(t);
}

static void
test_failover(void)
{
	unsigned dead, silent;
	int a = servers_silent(&dead, false), b;
	struct table *t;
	int64_t start;

	b = servers_silent(&silent, true);
	t = servers_open("order.cf",
	    "server_host = 127.0.0.1:%u, 127.0.0.1:%u\n" PEOPLE, dead,
	    servers_port);
	is(ask(t, "one@example.com"), "to one", "the next server is asked");
	ok(strstr(collect(), "Can't contact LDAP server") != NULL,
	    "a warning names the first");
	is(ask(t, "one@example.com"), "to one", "again");
	is(collect(), "", "which is then left alone");
	table_close(t);
	t = servers_open("silent.cf",
	    "timeout = 1\nserver_host = ldap://127.0.0.1:%u\n" PEOPLE, silent);
	start = servers_now();
	ok(ask(t, "k")[0] == '!' && servers_now() - start < 60000,
	    "a server that says nothing");
	table_close(t);
	t = servers_open("mute.cf",
	    "timeout = 1\nbind = no\nserver_host = 127.0.0.1:%u\n" PEOPLE,
	    silent);
	ok(ask(t, "k")[0] == '!', "nor to a search");
	ok(strstr(collect(), "dict_ldap_lookup: Search error -5: Timed out") !=
		NULL,
	    "is spoken of");
	table_close(t);
	(void)close(a);
	(void)close(b);
}

static void
test_restart(void)
{
	struct table *t = servers_open("again.cf", SERVER PEOPLE, servers_port);

	is(ask(t, "one@example.com"), "to one", "a connection is made");
	servers_stop();
	servers_start();
	is(ask(t, "one@example.com"), "to one",
	    "a server that was away for a while");
	is(collect(), "", "is not spoken of");
	servers_stop();
	ok(ask(t, "one@example.com")[0] == '!', "a server that is away");
	servers_start();
	seconds_later(6);
	is(ask(t, "one@example.com"), "to one", "is asked a little later");
	table_close(t);
	(void)collect();
}

static void
test_many(void)
{
	struct table *t = servers_open(
	    "many.cf", SERVER PEOPLE "connection_limit = 3\n", servers_port);

	ok(servers_crowd(t, "two@example.com", "to two,and more") == 320,
	    "many threads");
	table_close(t);
	t = servers_open("jail.cf", SERVER PEOPLE, servers_port);
	ok(geteuid() != 0 || servers_jailed(t, "one@example.com", "to one"),
	    "in a jail");
	table_close(t);
}

int
main(void)
{
	test_text();
	servers_begin("ldap", init);
	test_queries();
	test_limits();
	test_references();
	test_accounts();
	test_tls();
	test_failover();
	test_restart();
	test_many();
	return servers_end();
}
