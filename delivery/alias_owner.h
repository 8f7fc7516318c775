/* alias_owner.h - with whose rights an alias acts: those of whoever can change
 * its table. */
#ifndef DELIVERY_ALIAS_OWNER_H
#define DELIVERY_ALIAS_OWNER_H

struct arena;
struct table;
struct table_value;

/* alias_owner(arena, table, value): the name of the user who owns the file that
 * ${value} was read from, or a file that was made of it; "": root, or a table
 * that is written in main.cf; NULL: nobody's name is known. */
const char *alias_owner(struct arena *arena, const struct table *table,
    const struct table_value *value);

#endif
