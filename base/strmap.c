/* strmap.c - see strmap.h.  Open addressing over an array of items. */
#include "base/strmap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"

static uint64_t
hash(const char *key)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return h;
}

/* The slot that holds ${key}, or the empty one where it would go. */
static unsigned *
slot(const struct strmap *m, const char *key)
{
	size_t i = hash(key) & (m->nslots - 1);

	while (
	    m->slots[i] != 0 && strcmp(m->items[m->slots[i] - 1].key, key) != 0)
		i = (i + 1) & (m->nslots - 1);
	return &m->slots[i];
}

static void
grow(struct strmap *m)
{
	m->room = m->room > 0 ? m->room * 2 : 8;
	m->nslots = m->room * 2;
	m->items = realloc(m->items, m->room * sizeof *m->items);
	free(m->slots);
	m->slots = calloc(m->nslots, sizeof *m->slots);
	if (m->items == NULL || m->slots == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < m->count; i++)
		*slot(m, m->items[i].key) = (unsigned)i + 1;
}

void *
strmap_set(struct strmap *m, const char *key, void *value)
{
	unsigned *s;
	void *old;

	if (m->count == m->room)
		grow(m);
	s = slot(m, key);
	if (*s != 0) {
		old = m->items[*s - 1].value;
		m->items[*s - 1].value = value;
		return old;
	}
	m->items[m->count].key = strdup(key);
	if (m->items[m->count].key == NULL)
		fatal("out of memory");
	m->items[m->count].value = value;
	*s = (unsigned)++m->count;
	return NULL;
}

void *
strmap_find(const struct strmap *m, const char *key)
{
	unsigned *s;

	if (m->count == 0)
		return NULL;
	s = slot(m, key);
	return *s != 0 ? m->items[*s - 1].value : NULL;
}

void
strmap_free(struct strmap *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->items[i].key);
	free(m->items);
	free(m->slots);
	*m = (struct strmap){ 0 };
}
