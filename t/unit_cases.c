/* Postfix's own cases about addresses, lists and routing, from the
 * conformance folder. */
#include <stdlib.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/event.h"
#include "base/net.h"
#include "base/strmap.h"
#include "json.h"
#include "rules/address.h"
#include "rules/match.h"
#include "rules/rfc822.h"
#include "rules/route.h"
#include "rules/route_parts.h"
#include "tap.h"
#include "testworld.h"

static struct arena *arena;
static struct testworld world;

/* A group of cases is one test; each case that fails is shown. */
static unsigned run, failed, skipped;

static void
judge(bool passed, const char *what, const char *got, const char *want)
{
	run++;
	if (passed)
		return;
	failed++;
	printf("# %s\n#  got: %s\n# want: %s\n", what, got, want);
}

static void
finish(const char *group)
{
	ok(failed == 0, "%s: %u cases, %u skipped", group, run, skipped);
	run = failed = skipped = 0;
}

static void
parse_case(const struct json *c)
{
	const char *input = json_text(c, "input");
	struct rfc822 row = rfc822_parse(arena, input);
	const char *internal = rfc822_list(arena, row, false);
	const char *external = rfc822_list(arena, row, true);

	judge(strcmp(internal, json_text(c, "internal")) == 0, input, internal,
	    json_text(c, "internal"));
	judge(strcmp(external, json_text(c, "external")) == 0, input, external,
	    json_text(c, "external"));
}

/* Cases name a file of their own: put the content of one there. */
static const char *
with_file(const struct json *c, const char *list, char path[])
{
	const char *content = json_text(c, "file_content");
	const char *name = strstr(list, "/tmp/junk");
	int fd;

	if (*content == '\0' || name == NULL)
		return list;
	fd = mkstemp(path);
	if (fd < 0 || write(fd, content, strlen(content)) < 0)
		abort();
	(void)close(fd);
	return arena_printf(arena, "%.*s%s%s", (int)(name - list), list, path,
	    name + strlen("/tmp/junk"));
}

static void
list_case(const struct json *c)
{
	static const char *const results[] = { "YES", "NO", "ERROR" };
	char path[] = "/tmp/weir-cases.XXXXXX", *equals;
	const char *list = with_file(c, json_text(c, "list"), path);
	struct net_addr addr = { .family = NET_NONE };
	struct match *match;
	const char *got, *env = json_text(c, "env");

	if (*env != '\0') {
		char *name = arena_strdup(arena, env);

		equals = strchr(name, '=');
		*equals = '\0';
		setenv("junk", name, 1);
		setenv(name, equals + 1, 1);
	}
	match = match_open(list, "dummy", MATCH_PARENT, NULL, NULL);
	(void)net_parse(json_text(c, "addr"), &addr);
	got = results[match_client(
	    match, &world.world, arena, json_text(c, "name"), &addr)];
	judge(strcmp(got, json_text(c, "result")) == 0,
	    arena_printf(arena, "%s: %s %s", list, json_text(c, "name"),
		json_text(c, "addr")),
	    got, json_text(c, "result"));
	match_close(match);
	if (list != json_text(c, "list"))
		(void)unlink(path);
}

#define MYDOMAIN   "mydomain.example"
#define MYHOSTNAME "myhost." MYDOMAIN

/* Cases have these words for the names of the host that they ran on. */
static const char *
case_text(const struct json *c, const char *name)
{
	const char *text = json_text(c, name), *word;

	while ((word = strstr(text, "MYHOSTNAME")) != NULL)
		text = arena_printf(arena, "%.*s" MYHOSTNAME "%s",
		    (int)(word - text), text, word + strlen("MYHOSTNAME"));
	while ((word = strstr(text, "MYDOMAIN")) != NULL)
		text = arena_printf(arena, "%.*s" MYDOMAIN "%s",
		    (int)(word - text), text, word + strlen("MYDOMAIN"));
	return text;
}

/* A router with main.cf ${text}. */
static struct route *
router(const char *text, struct conf **conf)
{
	static const struct param_table *const tables[] = { &rules_params_table,
		NULL };
	static const char names[] =
	    "myhostname = " MYHOSTNAME "\nmydomain = " MYDOMAIN "\n"
	    "myorigin = localhost.localdomain\ninet_interfaces = 127.0.0.1\n"
	    "local_recipient_maps =\ncompatibility_level = 0\n";
	struct err err = { "" };
	struct route *route;

	*conf = conf_parse(
	    "main.cf", arena_printf(arena, "%s%s", names, text), tables, &err);
	if (*conf == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	route = route_open(*conf, &err);
	if (err.text[0] != '\0')
		printf("# %s\n", err.text);
	return route;
}

static const char *
internal_of(const struct json *c, const char *form, const char *name)
{
	const char *text = json_text(c, name);

	return strcmp(json_text(c, form), "external") == 0
	    ? address_internal(arena, text)
	    : text;
}

static void
find_case(const struct json *c)
{
	static const struct {
		const char *name;
		unsigned how;
	} strategies[] = {
		{ "default", ROUTE_FIND_USER },
		{ "full|noext|domain", ROUTE_FIND_DOMAIN },
		{ "domain", ROUTE_FIND_DOMAIN },
		{ "domain|pdms", ROUTE_FIND_DOMAIN | ROUTE_FIND_PARENTS },
		{ "domain|pddms", ROUTE_FIND_DOMAIN | ROUTE_FIND_DOT_PARENTS },
	};
	const char *strategy = json_text(c, "strategy");
	const char *want = json_text(c, "expect"), *got = "", *extension;
	const char *query = internal_of(c, "in_form", "query");
	struct table_list *list;
	struct table_value value;
	struct conf *conf;
	struct route *route;
	size_t i = 0;

	while (i < sizeof strategies / sizeof *strategies &&
	    strcmp(strategies[i].name, strategy) != 0)
		i++;
	/* Nothing asks tables with internal forms alone, or for "user@". */
	if (i == sizeof strategies / sizeof *strategies ||
	    strcmp(json_text(c, "query_form"), "internal") == 0) {
		skipped++;
		return;
	}
	route = router("mydestination = localhost.localdomain\n"
		       "recipient_delimiter = +\n",
	    &conf);
	list = table_list_open(json_text(c, "maps"), "test", conf, arena, NULL);
	if (route_find_how(
		&(struct route_ask){
		    .route = route, .world = &world.world, .arena = arena },
		list, query, strategies[i].how, &extension,
		&value) == TABLE_FOUND)
		got = strcmp(json_text(c, "out_form"), "internal") == 0
		    ? address_internal(arena, value.text)
		    : value.text;
	else
		extension = "";
	judge(strcmp(got, want) == 0 &&
		strcmp(extension, json_text(c, "ext")) == 0,
	    arena_printf(arena, "%s in %s", query, json_text(c, "maps")),
	    arena_printf(arena, "%s (%s)", got, extension),
	    arena_printf(arena, "%s (%s)", want, json_text(c, "ext")));
	table_list_close(list);
	route_close(route);
	conf_free(conf);
}

static void
transport_case(const struct json *c)
{
	const char *recipient = json_text(c, "rcpt");
	const char *transport = "DEFAULT", *nexthop = address_domain(recipient);
	struct conf *conf;
	struct route *route = router(
	    arena_printf(arena,
		"recipient_delimiter = +\nparent_domain_matches_subdomains =\n"
		"transport_maps = %s\n",
		json_text(c, "map")),
	    &conf);

	if (route_transport_find(
		&(struct route_ask){
		    .route = route, .world = &world.world, .arena = arena },
		recipient, address_domain(recipient), &transport,
		&nexthop) != TABLE_FOUND)
		transport = nexthop = "";
	judge(strcmp(transport, json_text(c, "transport")) == 0 &&
		strcmp(nexthop, json_text(c, "nexthop")) == 0,
	    arena_printf(arena, "%s in %s", recipient, json_text(c, "map")),
	    arena_printf(arena, "%s:%s", transport, nexthop),
	    arena_printf(arena, "%s:%s", json_text(c, "transport"),
		json_text(c, "nexthop")));
	route_close(route);
	conf_free(conf);
}

static void
rewrite_case(const struct json *c)
{
	struct conf *conf;
	struct route *route =
	    router("remote_header_rewrite_domain = INVALID_DOMAIN\n", &conf);
	const char *address = json_text(c, "address"), *got;
	/* These are in external form. */
	struct rfc822 row = rfc822_scan(arena, address);

	route_rewrite_tokens(route, arena,
	    strcmp(json_text(c, "rule"), "local") == 0 ? &route->local
						       : &route->remote,
	    &row);
	got = rfc822_internal(arena, row);
	/* Here, no address at all is a mailbox without a name. */
	got = got[0] != '\0' ? address_external(arena, got)
			     : address_external_local(arena, "");

	judge(strcmp(got, case_text(c, "result")) == 0,
	    arena_printf(arena, "%s %s", json_text(c, "rule"), address), got,
	    case_text(c, "result"));
	route_close(route);
	conf_free(conf);
}

/* The case's own way to write an answer. */
static const char *
answer_text(const struct route_answer *a)
{
	static const char *const classes[] = { "LOCAL", "ALIAS", "VIRTUAL",
		"RELAY", "DEFAULT" };

	return arena_printf(arena, "%s|%s|%s|%s%sCLASS_%s",
	    a->invalid ? "CHANNEL NOT UPDATED" : a->transport,
	    a->invalid ? "NEXTHOP NOT UPDATED" : a->nexthop, a->recipient,
	    a->invalid ? "FLAG_ERROR " : "", a->routed ? "FLAG_ROUTED " : "",
	    classes[a->class]);
}

static void
resolve_case(const struct json *c)
{
	struct conf *conf;
	struct route *route =
	    router("mydestination = $myhostname, localhost.$mydomain\n"
		   "relayhost = $mydomain\n",
		&conf);
	struct route_answer answer;
	const char *got = "could not ask";
	const char *want = arena_printf(arena, "%s|%s|%s|%s",
	    case_text(c, "transport"), case_text(c, "nexthop"),
	    case_text(c, "recipient"), case_text(c, "flags"));

	if (route_resolve(route, &world.world, arena, "",
		case_text(c, "address"), &answer) == TABLE_FOUND)
		got = answer_text(&answer);
	judge(strcmp(got, want) == 0, json_text(c, "address"), got, want);
	route_close(route);
	conf_free(conf);
}

int
main(void)
{
	static const struct {
		const char *group;
		void (*run)(const struct json *c);
	} groups[] = {
		{ "rfc822_address", parse_case },
		{ "namadr_list", list_case },
		{ "mail_addr_find", find_case },
		{ "transport_maps", transport_case },
		{ "rewrite", rewrite_case },
		{ "resolve", resolve_case },
	};
	const struct json *all;

	arena = arena_new();
	world = testworld_new(NULL);
	all = json_shared("unit_cases.json", arena);
	if (all == NULL) {
		printf("1..0 # SKIP no conformance folder: 184 cases\n");
		return 0;
	}
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		for (const struct json *c = json_items(all, groups[i].group);
		     c != NULL; c = c->next)
			groups[i].run(c);
		finish(groups[i].group);
	}
	arena_free(arena);
	return done_testing();
}
