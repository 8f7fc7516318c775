/* table_kinds.h - what tables are for, and so which keys they are asked for:
 * each kind goes the way that the server itself goes. */
#ifndef WEIR_TABLE_KINDS_H
#define WEIR_TABLE_KINDS_H

#include <stdbool.h>

#include "rules/table.h"

struct arena;
struct conf;
struct lookups;
struct route;
struct site;
struct table;
struct world;

/* A table under test. */
struct table_asking {
	struct conf *conf;
	struct world *world; /* told of each key */
	struct route *route;
	struct site *site;
	struct table_list list;      /* it alone */
	struct arena *arena;         /* of one question */
	const struct lookups *tried; /* by whom ${world} tells */
	const char *means; /* what an access rule comes to, in words; or NULL */
};

struct table_kind {
	const char *name, *help;
	bool of_site; /* needs asking->route and site; others may be NULL */
	/* The answer for ${key}; TABLE_FAILED: could not ask, value->text. */
	enum table_status (*ask)(struct table_asking *asking, const char *key,
	    struct table_value *value);
};

/* table_kinds_all(): the registry, ended by a NULL name.  The first one asks
 * for the key as it is. */
const struct table_kind *table_kinds_all(void);

/* table_kinds_find(name): NULL: none. */
const struct table_kind *table_kinds_find(const char *name);

#endif
