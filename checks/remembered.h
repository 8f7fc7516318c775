/* remembered.h - what restrictions remember, wherever it is kept, as an
 * administrator sees it. */
#ifndef CHECKS_REMEMBERED_H
#define CHECKS_REMEMBERED_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct memory_entry;
struct memory_redis;
struct state;

/* One of the maps that a rule keeps its numbers in. */
struct remembered_map {
	const char *kind, *map; /* "rate_limit", "rate_limit_thing" */
	bool aside;             /* of no interest but for a complete export */
};

/* remembered_maps(): the registry, ended by a NULL kind. */
const struct remembered_map *remembered_maps(void);

/* Where it is kept: one of the two is not NULL. */
struct remembered_place {
	struct state *state;
	struct memory_redis *server;
};

/* Times are milliseconds since 1970 of the wall clock. */

/* remembered_each(place, map, now, fn, arg, err): call ${fn} for all that is
 * there.  0, or -1 and the reason.  Blocks. */
int remembered_each(const struct remembered_place *place, const char *map,
    int64_t now, void (*fn)(void *arg, const struct memory_entry *entry),
    void *arg, struct err *err);

/* remembered_forget(place, map, now, gone, arg, err): forget all for which
 * ${gone} is true; how many, or -1 and the reason.  Blocks. */
int64_t remembered_forget(const struct remembered_place *place, const char *map,
    int64_t now, bool (*gone)(void *arg, const struct memory_entry *entry),
    void *arg, struct err *err);

#endif
