/* letters.h - texts of the configuration with "%s" and the like. */
#ifndef CHECKS_LETTERS_H
#define CHECKS_LETTERS_H

#include <stdint.h>

struct arena;

/* letters_fill(arena, pattern, letters, values): ${pattern} with each '%' and one
 * of ${letters} replaced by its value; other ones stay. */
const char *letters_fill(struct arena *arena, const char *pattern,
    const char *letters, const char *const *values);

/* letters_seconds(arena, ms, up): whole seconds of ${ms} + ${up}. */
const char *letters_seconds(struct arena *arena, int64_t ms, int64_t up);

#endif
