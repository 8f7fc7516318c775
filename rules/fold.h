/* fold.h - lookup keys: valid UTF-8, in small letters. */
#ifndef RULES_FOLD_H
#define RULES_FOLD_H

struct arena;

/* fold_key(arena, key): ${key} with small letters, in ${arena}: Unicode case
 * folding if it is valid UTF-8, of A-Z alone if not.  Any thread. */
char *
fold_key(struct arena *arena, const char *key) __attribute__((returns_nonnull));

#endif
