/* alias_owner.c - see alias_owner.h. */
#include "delivery/alias_owner.h"

#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "rules/table.h"

enum { PASSWD = 16 * 1024 };

/* The owner of ${path} if it is there and not root's; else ${before}. */
static uid_t
owner_of(const char *path, uid_t before)
{
	struct stat st;

	return before == 0 && stat(path, &st) == 0 ? st.st_uid : before;
}

const char *
alias_owner(struct arena *arena, const struct table *table,
    const struct table_value *value)
{
	static const char *const suffixes[] = { "", ".widx", ".db", ".cdb",
		".lmdb", ".dir", ".pag" };
	const char *colon = strchr(table_spec(table), ':');
	const char *path = colon != NULL ? colon + 1 : table_spec(table);
	struct passwd pw, *user = NULL;
	uid_t uid = 0;

	if (value->file != NULL && value->file[0] == '/')
		uid = owner_of(value->file, uid);
	for (size_t i = 0;
	     path[0] == '/' && i < sizeof suffixes / sizeof suffixes[0]; i++)
		uid = owner_of(
		    arena_printf(arena, "%s%s", path, suffixes[i]), uid);
	if (uid == 0)
		return "";
	(void)getpwuid_r(uid, &pw, arena_alloc(arena, PASSWD), PASSWD, &user);
	return user != NULL ? arena_strdup(arena, user->pw_name) : NULL;
}
