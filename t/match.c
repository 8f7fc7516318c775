/* Lists of names, addresses and tables (S-014, S-015, S-022; L-08 style
 * lists of domains). */
#include <stdlib.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/net.h"
#include "rules/match.h"
#include "tap.h"
#include "testworld.h"

static struct arena *arena;
static struct conf *conf;
static struct testworld world;
static char dir[] = "/tmp/weir-match.XXXXXX";

static const char *const statuses[] = { "found", "none", "failed" };

enum how { STRING, DOMAIN, CLIENT };

/* Ask a list of its own, and close it. */
static const char *
asked(const char *list, unsigned flags, enum how how, const char *name,
    const char *address)
{
	struct match *match = match_open(list, "mylist", flags, conf, NULL);
	enum table_status status;
	struct net_addr addr = { .family = NET_NONE };

	(void)net_parse(address, &addr);
	if (how == STRING)
		status = match_string(match, &world.world, arena, name);
	else if (how == DOMAIN)
		status = match_domain(match, &world.world, arena, name);
	else
		status = match_client(match, &world.world, arena, name, &addr);
	match_close(match);
	return statuses[status];
}

static void
test_strings(void)
{
	is(asked("a.example, B.example", 0, STRING, "b.EXAMPLE", ""), "found",
	    "a word, in any case");
	is(asked(".b.example", 0, STRING, "a.b.example", ""), "none",
	    "a string has no parents");
	is(asked("!a.example a.example", 0, STRING, "a.example", ""), "none",
	    "the first that matches decides");
	is(asked("", 0, STRING, "a.example", ""), "none", "an empty list");
	is(asked("!", 0, STRING, "a.example", ""), "failed",
	    "nothing behind '!'");
	is(asked("inline:{a.example=x} b.example", 0, STRING, "A.example", ""),
	    "found", "the keys of a table are a list (S-015)");
	is(asked("fail:x a.example", 0, STRING, "a.example", ""), "failed",
	    "a table that cannot be asked is not passed over");
	is(asked("a.example fail:x", 0, STRING, "a.example", ""), "found",
	    "unless something matched before it");
}

static void
test_domains(void)
{
	is(asked("b.example", 0, DOMAIN, "a.b.example", ""), "none",
	    "not what is below");
	is(asked("b.example", MATCH_PARENT, DOMAIN, "a.b.example", ""), "found",
	    "what is below, by the flag (S-022)");
	is(asked("b.example", MATCH_PARENT, DOMAIN, "ab.example", ""), "none",
	    "only whole labels");
	is(asked(".b.example", 0, DOMAIN, "a.b.example", ""), "found",
	    "what is below, by the dot");
	is(asked(".b.example", 0, DOMAIN, "b.example", ""), "none",
	    "but not the domain itself");
	is(asked("!c.b.example .b.example", 0, DOMAIN, "c.b.example", ""),
	    "none", "an exception");
	is(asked("inline:{.b.example=x}", 0, DOMAIN, "d.a.b.example", ""),
	    "found", "a parent, with its dot, in a table");
	is(asked("inline:{b.example=x}", MATCH_PARENT, DOMAIN, "d.a.b.example",
	       ""),
	    "found", "a parent, without, in a table");
	is(asked("inline:{b.example=x}", 0, DOMAIN, "d.a.b.example", ""),
	    "none", "which the flag decides");
	is(asked("\xc3\x89.example", 0, DOMAIN, "\xc3\xa9.example", ""),
	    "found", "letters beyond ASCII, in any case");
}

static void
test_clients(void)
{
	is(asked("192.0.2.0/24", 0, CLIENT, "unknown", "192.0.2.9"), "found",
	    "an IPv4 block");
	is(asked("!192.0.2.9 192.0.2.0/24", 0, CLIENT, "unknown", "192.0.2.9"),
	    "none", "an exception in a block");
	is(asked("[2001:db8::]/32", 0, CLIENT, "unknown", "2001:db8:1::1"),
	    "found", "an IPv6 block");
	is(asked("[2001:db8:0:0::1]", 0, CLIENT, "unknown", "2001:db8::1"),
	    "found", "an IPv6 address in another form");
	is(asked("127.0.0.0/8", 0, CLIENT, "unknown", "::ffff:127.0.0.1"),
	    "found", "an IPv4 address in IPv6 clothes");
	is(asked("192.0.2.1/24 192.0.2.9", 0, CLIENT, "unknown", "192.0.2.9"),
	    "failed", "a block with bits beyond its mask");
	is(asked("192.0.2.1/24 [::1]", 0, CLIENT, "unknown", "::1"), "found",
	    "which is no matter for the other family");
	is(asked(".example", 0, CLIENT, "a.example", "192.0.2.1"), "found",
	    "the name of the client");
	is(asked("inline:{192.0.2.1=x}", 0, CLIENT, "unknown", "192.0.2.1"),
	    "found", "the address of the client in a table");
	is(asked("unknown", 0, CLIENT, "unknown", ""), "found",
	    "a client without an address");
}

static void
put(const char *name, const char *text)
{
	FILE *file = fopen(arena_printf(arena, "%s/%s", dir, name), "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static void
test_files(void)
{
	struct err err = { "" };
	const char *list = arena_printf(arena, "%s/list", dir);

	put("list",
	    "# domains\na.example\n\nb.example !c.example\n"
	    "  inline:{\n    { d.example = x } }\n");
	is(asked(list, 0, STRING, "a.example", ""), "found",
	    "a list in a file (S-014)");
	is(asked(list, 0, STRING, "d.example", ""), "found",
	    "over more than one line");
	is(asked(arena_printf(arena, "!%s c.example", list), 0, STRING,
	       "a.example", ""),
	    "none", "the opposite of a file");
	is(asked(arena_printf(arena, "!%s", list), 0, STRING, "c.example", ""),
	    "found", "and the opposite of that");

	put("bad", "a.example\n\nb.example 192.0.2.1/33\n");
	match_close(match_open(
	    arena_printf(arena, "%s/bad", dir), "mynetworks", 0, conf, &err));
	ok(strstr(err.text, arena_printf(arena, "%s/bad:3: ", dir)) != NULL &&
		strstr(err.text, "192.0.2.1/33") != NULL,
	    "a mistake is told with its place: %s", err.text);

	err.text[0] = '\0';
	match_close(
	    match_open("/no/such/file, fail:", "mynetworks", 0, conf, &err));
	ok(strstr(err.text, "/no/such/file: No such file or directory") &&
		strstr(err.text, "; "),
	    "all mistakes are told: %s", err.text);
	is(asked("/no/such/file a.example", 0, STRING, "a.example", ""),
	    "failed", "a file that cannot be read");

	put("self", arena_printf(arena, "a.example %s/self\n", dir));
	is(asked(arena_printf(arena, "%s/self", dir), 0, STRING, "b", ""),
	    "failed", "a file that names itself");
	is(asked(
	       arena_printf(arena, "%s/self", dir), 0, STRING, "a.example", ""),
	    "found", "is one all the same");
}

static void
test_style(void)
{
	struct match *match;

	ok(match_style(conf, "mynetworks") == 0, "not a parent style");
	ok(match_style(conf, "relay_domains") == MATCH_PARENT,
	    "a parent style");
	match = match_open("", "x", 0, conf, NULL);
	ok(match_empty(match) && match_flags(match) == 0, "nothing blocks");
	match_close(match);
	match_close(NULL);
}

static void
test_members(void)
{
	struct match *match = match_open("192.0.2.0/24 !A.example "
					 "inline:{b.example=x} 192.0.2.1/24",
	    "mylist", 0, conf, NULL);
	struct net_addr addr = { .family = NET_NONE };
	struct match_question q = { MATCH_AS_CLIENT, "a.example", &addr };
	struct match_member m;

	ok(match_which(match, &world.world, arena, &q, &m) == TABLE_NONE &&
		m.excludes && strcmp(m.text, "a.example") == 0,
	    "the element that excludes");
	q.name = "b.example";
	ok(match_which(match, &world.world, arena, &q, &m) == TABLE_FOUND &&
		strcmp(m.key, "b.example") == 0 && m.value.line == 1,
	    "the table that has it, and where");
	(void)net_parse("198.51.100.1", &addr);
	q.name = "c.example";
	ok(match_which(match, &world.world, arena, &q, &m) == TABLE_FAILED &&
		strcmp(m.text, "192.0.2.1/24") == 0 && m.value.text != NULL,
	    "the element that is mistaken");
	(void)net_parse("2001:db8::1", &addr);
	ok(match_which(match, &world.world, arena, &q, &m) == TABLE_NONE &&
		m.text == NULL && m.key == NULL,
	    "none of them");
	match_close(match);
}

int
main(void)
{
	static const struct param_table *const none[] = { NULL };

	arena = arena_new();
	world = testworld_new(NULL);
	conf = conf_parse("main.cf",
	    "parent_domain_matches_subdomains = relay_domains,other\n", none,
	    NULL);
	if (conf == NULL || mkdtemp(dir) == NULL)
		abort();
	test_strings();
	test_domains();
	test_clients();
	test_files();
	test_style();
	test_members();
	for (const char *name = "list\0bad\0self\0"; *name != '\0';
	     name += strlen(name) + 1)
		(void)unlink(arena_printf(arena, "%s/%s", dir, name));
	(void)rmdir(dir);
	conf_free(conf);
	arena_free(arena);
	return done_testing();
}
