/* resolved.h - where the addresses of an evaluation lead to, asked once. */
#ifndef CHECKS_RESOLVED_H
#define CHECKS_RESOLVED_H

#include "rules/route.h"

struct ask;

struct resolved {
	struct resolved *next;
	const char *address;      /* as the client wrote it */
	enum table_status status; /* TABLE_FAILED: could not ask */
	const char *key;          /* rewritten, in small letters: for tables */
	struct route_answer route;
};

/* resolved_find(ask, address): the route of ${address}; never NULL. */
const struct resolved *resolved_find(struct ask *ask, const char *address);

#endif
