/* table_unix.c - unix:passwd.byname, unix:group.byname: the system's users
 * and groups, which may come from a server on the network. */
#include "rules/table_unix.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"

enum { FIRST_ROOM = 1024, MOST_ROOM = 1 << 20 };

/* What a table is, as its state. */
struct system_table {
	const char *name;
	/* An errno, and *text in ${arena} or NULL: there is none. */
	int (*find)(const char *key, struct arena *arena, const char **text,
	    char *room, size_t size);
};

static int
find_user(const char *key, struct arena *arena, const char **text, char *room,
    size_t size)
{
	struct passwd user, *found;
	int error = getpwnam_r(key, &user, room, size, &found);

	if (error == 0 && found != NULL)
		*text = arena_printf(arena, "%s:%s:%u:%u:%s:%s:%s",
		    user.pw_name, user.pw_passwd, (unsigned)user.pw_uid,
		    (unsigned)user.pw_gid, user.pw_gecos, user.pw_dir,
		    user.pw_shell);
	return error;
}

static int
find_group(const char *key, struct arena *arena, const char **text, char *room,
    size_t size)
{
	struct group group, *found;
	struct buf line = { 0 };
	int error = getgrnam_r(key, &group, room, size, &found);

	if (error != 0 || found == NULL)
		return error;
	buf_printf(&line, "%s:%s:%u:", group.gr_name, group.gr_passwd,
	    (unsigned)group.gr_gid);
	for (char **m = group.gr_mem; *m != NULL; m++)
		buf_printf(&line, "%s%s", m == group.gr_mem ? "" : ",", *m);
	*text = arena_strdup(arena, buf_str(&line));
	buf_free(&line);
	return 0;
}

static struct system_table tables[] = {
	{ "passwd.byname", find_user },
	{ "group.byname", find_group },
};

static void *
open_unix(struct table_opening *opening, struct err *err)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		if (strcmp(tables[i].name, opening->name) == 0)
			return &tables[i];
	err_set(err, "unknown table: unix:%s", opening->name);
	return NULL;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct system_table *table = state;
	size_t size = FIRST_ROOM;
	char *room = NULL;
	int error;

	do {
		free(room);
		size *= 2;
		room = malloc(size);
		if (room == NULL)
			fatal("out of memory");
		error = table->find(key, arena, &value->text, room, size);
	} while (error == ERANGE && size < MOST_ROOM);
	free(room);
	/* The last three are what a name that does not exist gives, too. */
	if (error != 0 && error != ENOENT && error != ESRCH && error != EPERM) {
		value->text = err_errno(error);
		return TABLE_FAILED;
	}
	return value->text != NULL ? TABLE_FOUND : TABLE_NONE;
}

const struct table_type table_unix = {
	.name = "unix",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_unix,
	.find = find,
};
