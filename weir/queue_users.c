/* queue_users.c - see queue_users.h. */
#include "weir/queue_users.h"

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "queue/user_list.h"
#include "rules/match.h"
#include "rules/table.h"
#include "weir/table_world.h"

static bool
allows(
    struct match *match, struct arena *arena, const char *user, struct err *err)
{
	switch (match_string(match, table_world(), arena, user)) {
	case TABLE_FOUND:
		return true;
	case TABLE_NONE:
		return false;
	case TABLE_FAILED:
		break;
	}
	err_set(err, "cannot be asked about user %s, who then may not", user);
	return false;
}

static void
add_users(struct match *match, struct arena *arena, bool others,
    struct buf *out, struct err *err)
{
	const struct passwd *pw;

	/* There is one thread. */
	setpwent(); /* NOLINT(concurrency-mt-unsafe) */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((pw = getpwent()) != NULL) {
		if (allows(match, arena, pw->pw_name, err) != others)
			user_list_add(out, pw->pw_uid);
		arena_reset(arena);
	}
	endpwent(); /* NOLINT(concurrency-mt-unsafe) */
}

void
queue_users_print(
    struct conf *conf, const char *name, struct buf *out, struct err *err)
{
	struct arena *arena = arena_new(), *each = arena_new();
	struct err failed = { 0 };
	const char *text = conf_get(conf, name, arena, err);
	struct match *match =
	    match_open(text != NULL ? text : "", name, 0, conf, err);
	bool others;

	/* The supervisor waits for nobody. */
	if ((match_flags(match) & TABLE_MAY_BLOCK) != 0) {
		err_set(err, "%s: no tables on other machines", name);
		user_list_begin(out, false);
	} else {
		/* Whom the password file does not have. */
		others = allows(match, each, "unknown", &failed);
		user_list_begin(out, others);
		add_users(match, each, others, out, &failed);
	}
	if (failed.text[0] != '\0' && err->text[0] == '\0')
		err_set(err, "%s %s", name, failed.text);
	match_close(match);
	arena_free(each);
	arena_free(arena);
}
