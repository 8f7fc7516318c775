/* catchall.c - see catchall.h. */
#include "classes/catchall.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "rules/route.h"

struct catchall {
	struct route *route;
	struct world *world;
	struct arena *arena;
	struct table *table;
	void (*say)(void *arg, const char *text);
	void *arg;
	bool told; /* of this table */
};

/* Is one of the addresses in ${text} at another site? */
static const char *
find_foreign(const struct catchall *c, const char *text)
{
	struct route_answer answer;
	const char *word;

	while ((word = conf_word(&text, c->arena)) != NULL)
		if (strchr(word, '@') != NULL &&
		    route_resolve(c->route, c->world, c->arena, "",
			route_rewrite(c->route, c->arena, word, true),
			&answer) == TABLE_FOUND &&
		    answer.class == ROUTE_DEFAULT && !answer.invalid)
			return word;
	return NULL;
}

static void
look_at(void *arg, const char *key, const char *value, unsigned line)
{
	struct catchall *c = arg;
	const char *to, *place = "virtual_alias_maps",
			*name = strchr(table_spec(c->table), ':');

	if (c->told || key[0] != '@' || (to = find_foreign(c, value)) == NULL)
		return;
	c->told = true;
	if (line > 0 && name != NULL && name[1] == '/')
		place = arena_printf(c->arena, "%s:%u", name + 1, line);
	c->say(c->arg,
	    arena_printf(c->arena,
		"%s: all mail for \"%s\" goes on to \"%s\", at another "
		"site: strangers cannot choose where to, but their spam "
		"comes from here",
		place, key, to));
}

void
catchall_review(struct conf *conf, struct route *route, struct world *world,
    void (*say)(void *arg, const char *text), void *arg)
{
	struct catchall c = { .route = route,
		.world = world,
		.arena = arena_new(),
		.say = say,
		.arg = arg };
	const char *cursor =
	    conf_get(conf, "virtual_alias_maps", c.arena, NULL);
	struct err err = { "" };
	const char *word;

	while (cursor != NULL && (word = conf_word(&cursor, c.arena)) != NULL) {
		c.table = table_open(word, conf, &err);
		c.told = false;
		if ((table_flags(c.table) & TABLE_MAY_BLOCK) == 0)
			(void)table_each(c.table, look_at, &c, &err);
		table_close(c.table);
	}
	arena_free(c.arena);
}
