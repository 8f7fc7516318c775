/* owner.c - see owner.h. */
#include "delivery/owner.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"

enum { ROOM = 16 * 1024 }; /* for a user or a group */

bool
owner_parse(const char *value, struct arena *arena, struct owner *owner)
{
	char *copy = arena_strdup(arena, value);
	char *colon = strchr(copy, ':');

	*owner = (struct owner){ .user = copy };
	if (colon != NULL) {
		*colon = '\0';
		owner->group = colon + 1;
	}
	return copy[0] != '\0' && (colon == NULL || colon[1] != '\0');
}

const char *
owner_find(
    const struct owner *owner, uid_t *uid, gid_t *gid, struct arena *arena)
{
	struct passwd pw, *user = NULL;
	struct group gr, *group = NULL;
	char *room = arena_alloc(arena, ROOM);

	(void)getpwnam_r(owner->user, &pw, room, ROOM, &user);
	if (user == NULL)
		return arena_printf(arena, "unknown username: %s", owner->user);
	*uid = user->pw_uid;
	*gid = user->pw_gid;
	if (owner->group != NULL) {
		(void)getgrnam_r(owner->group, &gr, room, ROOM, &group);
		if (group == NULL)
			return arena_printf(
			    arena, "unknown group: %s", owner->group);
		*gid = group->gr_gid;
	}
	return *uid == 0 || *gid == 0
	    ? "user= command-line attribute specifies root privileges"
	    : NULL;
}
