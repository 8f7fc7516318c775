/* duplicates.h - what has been there already, of as much as is remembered. */
#ifndef RULES_DUPLICATES_H
#define RULES_DUPLICATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strmap.h"

struct arena;

/* Zero-initialised, but for ${most}: nothing has been there. */
struct duplicates {
	struct strmap seen;
	int64_t most; /* duplicate_filter_limit; 0: all are remembered */
};

/*
 * duplicates_find(d, arena, key): has ${key} been there, whatever its letters'
 * case?  If not it is remembered, unless ${most} are.  ${arena} is for what is
 * needed meanwhile.
 */
bool
duplicates_find(struct duplicates *d, struct arena *arena, const char *key);

/* duplicates_forget(d, arena, key): ${key} has not been there. */
void
duplicates_forget(struct duplicates *d, struct arena *arena, const char *key);

/* duplicates_free(d): release its memory. */
void duplicates_free(struct duplicates *d);

#endif
