/* Which sender addresses a login name may use: Postfix's own cases
 * (tables.json, login_sender_match, not copied here), and ours. */
#include "rules/login_sender.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/param.h"
#include "t/json.h"
#include "t/tap.h"
#include "t/testworld.h"

static struct arena *arena;

static enum table_status
ask(const char *maps, const char *login, const char *sender)
{
	static const struct param_table *const none[] = { NULL };
	struct err err = { "" };
	struct conf *conf = conf_parse("main.cf", NULL, none, &err);
	struct table_list *list =
	    table_list_open(maps, "test", conf, arena, &err);
	struct login_sender who = { login, sender, "+-", "<>" };
	struct testworld world = testworld_new("");
	enum table_status status;

	status = login_sender_match(list, &world.world, arena, &who);
	table_list_close(list);
	conf_free(conf);
	return status;
}

static void
play(const struct json *row)
{
	static const char *const names[] = {
		[TABLE_FOUND] = "LSM_STAT_FOUND",
		[TABLE_NONE] = "LSM_STAT_NOTFOUND",
		[TABLE_FAILED] = "LSM_STAT_RETRY",
	};

	const struct json *login = json_member(row, "login");

	is(names[ask(json_text(row, "maps"),
	       login->type == JSON_STRING ? login->text : NULL,
	       json_text(row, "sender"))],
	    json_text(row, "want"), "%s", json_text(row, "label"));
}

int
main(void)
{
	static const char maps[] =
	    "inline:{root=*, {foo = foo foo@example.com, @example.net}, bar=<>}";
	const struct json *all, *row;

	arena = arena_new();
	ok(ask(maps, "foo", "FOO-x@Example.COM") == TABLE_FOUND,
	    "extensions and case");
	ok(ask(maps, "foo", "foo@example.org") == TABLE_NONE, "another domain");
	ok(ask(maps, "foo", "x@sub.example.net") == TABLE_NONE, "a sub-domain");
	ok(ask(maps, "foo", "") == TABLE_NONE, "not the null sender");
	ok(ask(maps, "bar", "bar") == TABLE_NONE, "nothing but it");
	ok(ask(maps, "root", "") == TABLE_FOUND, "* is that, too");
	all = json_shared("tables.json", arena);
	if (all == NULL)
		printf("# no conformance folder: 15 cases are left out\n");
	row = all != NULL ? json_items(all, "login_sender_match") : NULL;
	for (; row != NULL; row = row->next)
		play(row);
	arena_free(arena);
	return done_testing();
}
