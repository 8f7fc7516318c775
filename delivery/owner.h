/* owner.h - user=NAME[:GROUP] of a service that runs a program: whose rights it
 * gets. */
#ifndef DELIVERY_OWNER_H
#define DELIVERY_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct arena;

struct owner {
	const char *user;
	const char *group; /* NULL: the user's */
};

/* owner_parse(value, arena, owner): false: it is none. */
bool owner_parse(const char *value, struct arena *arena, struct owner *owner);

/* owner_find(owner, uid, gid, arena): as the system knows them now; NULL, or
 * why it cannot be: unknown, or root's. */
const char *owner_find(
    const struct owner *owner, uid_t *uid, gid_t *gid, struct arena *arena);

#endif
