/* local_rights.h - the local role's own view of whose rights a delivery may
 * get: names of users, never numbers, and never root. */
#ifndef DELIVERY_LOCAL_RIGHTS_H
#define DELIVERY_LOCAL_RIGHTS_H

#include <stdint.h>

#include "delivery/owner.h"

struct arena;
struct conf;
struct err;

/* What main.cf says; immutable once read. */
struct local_rights {
	struct owner fallback; /* default_privs */
	const char *shell;     /* local_command_shell */
	const char *directory; /* queue_directory */
	int64_t time_limit;    /* command_time_limit, ns */
	char *const *envp;     /* environment.h */
};

/* local_rights_read(conf, envp, arena, err): a mistake stands in ${err}, and
 * commands and files of aliases that root owns are then deferred. */
struct local_rights *local_rights_read(
    struct conf *conf, char *const *envp, struct arena *arena, struct err *err);

/* local_rights_become(rights, user, arena): be ${user} for good ("":
 * default_privs).  Started by an ordinary user, we are that user and stay it.
 * NULL, or why not. */
const char *local_rights_become(
    const struct local_rights *rights, const char *user, struct arena *arena);

#endif
