/* class_names.h - some of a site's restriction classes, in order: a text of their
 * names with blanks between them. */
#ifndef CLASSES_CLASS_NAMES_H
#define CLASSES_CLASS_NAMES_H

#include <stddef.h>

struct arena;

/* class_names_add(arena, names, more): ${names}, and those of ${more} (NULL:
 * none) that are not there yet; in ${arena}, or one of the two. */
const char *
class_names_add(struct arena *arena, const char *names, const char *more);

/* class_names_next(names, n): the next name at *names, not ended by a NUL but
 * *n octets long, and go on behind it; NULL: that was the last. */
const char *class_names_next(const char **names, size_t *n);

#endif
