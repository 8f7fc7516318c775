/* watch.h - a world that passes all questions on to another, and tells of each
 * look-up in a table: what the test bench shows. */
#ifndef RULES_WATCH_H
#define RULES_WATCH_H

#include "rules/world.h"

/* A look-up that was made.  Texts stay as long as what was asked for. */
struct watch_find {
	const struct table *table;
	const char *key;
	enum table_status status;
	const struct table_value *value;
};

/* watch_open(world, told, arg): call told(arg, find) after each look-up, on
 * the thread that makes it.  ${world} stays the caller's. */
struct world *watch_open(struct world *world,
    void (*told)(void *arg, const struct watch_find *find), void *arg);
void watch_close(struct world *watch);

#endif
