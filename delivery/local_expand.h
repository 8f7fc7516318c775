/* local_expand.h - what a local recipient stands for: aliases, :include: files
 * and .forward files, down to users, addresses elsewhere, commands and files
 * (local(8) of Postfix). */
#ifndef DELIVERY_LOCAL_EXPAND_H
#define DELIVERY_LOCAL_EXPAND_H

#include <stdbool.h>
#include <stddef.h>

#include "delivery/local_name.h"
#include "delivery/local_target.h"
#include "rules/duplicates.h"

struct delivery;
struct passwd;

/* One thing to do. */
struct local_leaf {
	const char *address; /* internal form, complete */
	const char *sender;
	/* It goes through the queue, as a message to that address; else
	 * ${target} is to be done. */
	bool indirect;
	const char *delivered; /* indirect: for Delivered-To: */
	struct local_target target;
};

struct local_expansion {
	struct delivery *d;
	struct local_leaf *leaves;
	size_t count, room;
	struct duplicates seen; /* what need not be done twice */
	unsigned steps;         /* aliases and files that were looked at */
	/* It could not be found out, and must be tried later as a whole: why.
	 * NULL: all is known. */
	const char *dsn, *later;
};

/* local_expand_open(x, d), local_expand_close(x): an empty one; leaves live in
 * the arena of ${d}. */
void local_expand_open(struct local_expansion *x, struct delivery *d);
void local_expand_close(struct local_expansion *x);

/* local_expand_recipient(x, address): aliases of ${address}, a local one, or
 * itself.  Blocks for tables and for the local role. */
void local_expand_recipient(struct local_expansion *x, const char *address);

/* local_expand_luser(x, address, delivered): the same for what luser_relay
 * says. */
void local_expand_luser(
    struct local_expansion *x, const char *address, const char *delivered);

/* local_expand_forward(x, name, user, delivered): the .forward file of ${user}.
 * False: there is none that counts. */
bool
local_expand_forward(struct local_expansion *x, const struct local_name *name,
    const struct passwd *user, const char *delivered);

#endif
