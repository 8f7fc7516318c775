/* duplicates.c - see duplicates.h. */
#include "rules/duplicates.h"

#include <stddef.h>

#include "rules/fold.h"

bool
duplicates_find(struct duplicates *d, struct arena *arena, const char *key)
{
	key = fold_key(arena, key);
	if (strmap_find(&d->seen, key) != NULL)
		return true;
	if (d->most == 0 || (int64_t)d->seen.count < d->most)
		(void)strmap_set(&d->seen, key, d);
	return false;
}

void
duplicates_forget(struct duplicates *d, struct arena *arena, const char *key)
{
	key = fold_key(arena, key);
	if (strmap_find(&d->seen, key) != NULL)
		(void)strmap_set(&d->seen, key, NULL);
}

void
duplicates_free(struct duplicates *d)
{
	strmap_free(&d->seen);
}
