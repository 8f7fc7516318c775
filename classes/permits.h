/* permits.h - which entries of an access table let somebody through: for weir
 * check. */
#ifndef CLASSES_PERMITS_H
#define CLASSES_PERMITS_H

#include "checks/check.h"

struct arena;
struct table;

enum permits {
	PERMITS_NOBODY,
	PERMITS_PERHAPS, /* it names a class, or restrictions */
	PERMITS_ALL,     /* OK, RELAY or a number */
};

/* permits_value(value): what the right-hand side of an access table does. */
enum permits permits_value(const char *value);

/*
 * permits_keys(table, of, fn, arg):
 * Call fn(arg, of, key) for keys whose values may permit: for a few of each
 * different value, however large the table is.  Of a table of patterns they are
 * made up.  Asks no server: of tables that are one, or that cannot be listed,
 * there are none.
 */
void permits_keys(struct table *table, enum check_of of,
    void (*fn)(void *arg, enum check_of of, const char *key), void *arg);

/* The first entry that says OK. */
struct permits_entry {
	const char *key;
	unsigned line; /* 0: not known */
};

/* permits_first(table, arena, entry): PERMITS_ALL and *entry, in ${arena};
 * PERMITS_NOBODY: there is none; PERMITS_PERHAPS: the table cannot be listed,
 * or has only entries that name restrictions. */
enum permits permits_first(
    struct table *table, struct arena *arena, struct permits_entry *entry);

#endif
