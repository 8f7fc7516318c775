/* local_rights.c - see local_rights.h. */
#include "delivery/local_rights.h"

#include <stddef.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/spawn.h"
#include "delivery/own_limit.h"

static const char *
text_of(struct conf *conf, const char *name, struct arena *arena)
{
	const char *text = conf_get(conf, name, arena, NULL);

	return text != NULL ? text : "";
}

struct local_rights *
local_rights_read(
    struct conf *conf, char *const *envp, struct arena *arena, struct err *err)
{
	struct local_rights *r = arena_alloc(arena, sizeof *r);
	const char *user = text_of(conf, "default_privs", arena), *why;
	uid_t uid;
	gid_t gid;

	r->envp = envp;
	r->shell = text_of(conf, "local_command_shell", arena);
	r->directory = text_of(conf, "queue_directory", arena);
	why = own_limit_time(conf, "local", arena, &r->time_limit);
	if (why != NULL)
		err_also(err, "local_time_limit: bad time: %s", why);
	if (!owner_parse(user, arena, &r->fallback))
		err_also(err, "default_privs = %s: not a user", user);
	else if (owner_find(&r->fallback, &uid, &gid, arena) != NULL)
		err_also(
		    err, "default_privs = %s: no user for deliveries", user);
	return r;
}

const char *
local_rights_become(
    const struct local_rights *rights, const char *user, struct arena *arena)
{
	struct owner owner = { .user = user };
	uid_t uid;
	gid_t gid;

	if (geteuid() != 0)
		return NULL;
	if (user[0] == '\0')
		owner = rights->fallback;
	if (owner_find(&owner, &uid, &gid, arena) != NULL)
		return arena_printf(
		    arena, "user %s: there is none, or it is root", owner.user);
	if (spawn_become(uid, gid) != 0)
		return arena_printf(arena, "cannot become UID/GID=%lu/%lu",
		    (unsigned long)uid, (unsigned long)gid);
	return NULL;
}
