/* strmap.h - a map from strings to pointers, in the order of insertion. */
#ifndef BASE_STRMAP_H
#define BASE_STRMAP_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised: empty.  Readable by any number of threads while nobody
 * writes. */
struct strmap {
	struct strmap_item {
		char *key;
		void *value;
	} * items; /* items[0..count): may be walked */
	size_t count;
	size_t room;
	unsigned *slots; /* index + 1; 0: empty */
	size_t nslots;
};

/* strmap_set(m, key, value): bind a copy of ${key}; return the value that was
 * bound before, or NULL. */
void *strmap_set(struct strmap *m, const char *key, void *value);

/* strmap_find(m, key): the value bound to ${key}, or NULL. */
void *strmap_find(const struct strmap *m, const char *key);

/* strmap_free(m): release ${m}'s memory (not the values); leave it empty. */
void strmap_free(struct strmap *m);

#endif
