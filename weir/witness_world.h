/* witness_world.h - the world of a session that weir check plays: the DNS as a
 * script says it, local tables as they are, and no server. */
#ifndef WEIR_WITNESS_WORLD_H
#define WEIR_WITNESS_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/world.h"

enum { WITNESS_WORLD_SERVERS = 8 };

struct witness_world {
	struct world world;  /* first */
	struct world *names; /* a script; the caller's */
	bool assume;         /* servers know nothing; else: cannot be asked */

	/* What has been asked since it was begun. */
	bool asked_dns;
	bool refused; /* something that cannot be asked */
	const char *servers[WITNESS_WORLD_SERVERS]; /* lines of a script */
	size_t nservers;
};

/* witness_world_begin(w, names, assume): initialise; one thread at a time. */
void
witness_world_begin(struct witness_world *w, struct world *names, bool assume);

#endif
