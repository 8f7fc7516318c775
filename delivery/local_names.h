/* local_names.h - by which names a local recipient is looked for. */
#ifndef DELIVERY_LOCAL_NAMES_H
#define DELIVERY_LOCAL_NAMES_H

struct arena;

enum { LOCAL_NAMES = 2 };

/* local_names(arena, address, delimiters, names): fill ${names} with what is
 * asked for in aliases and among the users, in order, and return how many:
 * "user+extension" in small letters, then "user". */
unsigned local_names(struct arena *arena, const char *address,
    const char *delimiters, const char *names[LOCAL_NAMES]);

#endif
