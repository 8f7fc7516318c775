/* The index: whatever is done to its octets, each look-up answers what was
 * written or that the file is damaged.  An even first octet: the input cuts
 * and changes a good index; an odd one: it is the file. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/index.h"
#include "rules/index_draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 40 };

static void
count(void *arg, const char *key, const char *value, unsigned line)
{
	unsigned *n = arg;
	unsigned number =
	    (unsigned)(key[3] - '0') * 10 + (unsigned)(key[4] - '0');

	must(strlen(key) == 5 && strncmp(key, "key", 3) == 0);
	must(strncmp(value, "value", 5) == 0);
	must(line == number + 1);
	*n += 1;
}

static void
check(struct index *index)
{
	struct arena *arena = arena_new();
	struct table_value value;
	struct err err = { "" };
	char key[16], text[16];
	unsigned n = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		(void)snprintf(key, sizeof key, "key%02u", i);
		(void)snprintf(text, sizeof text, "value%u", i);
		switch (index_find(index, arena, key, &value)) {
		case TABLE_FOUND:
			must(strcmp(value.text, text) == 0);
			must(value.line == i + 1);
			break;
		case TABLE_NONE:
			must(!"a key that was written is not there");
			break;
		case TABLE_FAILED:
			break;
		}
		(void)snprintf(key, sizeof key, "none%u", i);
		must(index_find(index, arena, key, &value) != TABLE_FOUND);
	}
	must(index_each(index, count, &n, &err) != 0 || n == KEYS);
	arena_free(arena);
}

/* Three octets: where, modulo the length, and what is changed. */
static void
check_changed(const uint8_t *data, size_t size)
{
	struct index_draft *draft = index_draft_new();
	struct buf octets = { 0 };
	struct index *index;
	struct err err = { "" };
	char key[16], text[16];
	size_t at;

	for (unsigned i = 0; i < KEYS; i++) {
		(void)snprintf(key, sizeof key, "key%02u", i);
		(void)snprintf(text, sizeof text, "value%u", i);
		index_draft_set(draft, key, text, i + 1);
	}
	index_draft_print(draft, &octets);
	for (size_t i = 0; i + 3 <= size; i += 3) {
		at = (size_t)(data[i] << 8 | data[i + 1]);
		if (data[i + 2] == 0)
			buf_cut(&octets, at < octets.len ? at : octets.len);
		else if (octets.len > 0)
			octets.data[at % octets.len] ^= (char)data[i + 2];
	}
	index = index_memory(octets.data, octets.len, &err);
	must((index == NULL) == (err.text[0] != '\0'));
	must(size >= 3 || index != NULL);
	if (index != NULL)
		check(index);
	index_close(index);
	index_draft_free(draft);
	buf_free(&octets);
}

static void
ignore(void *arg, const char *key, const char *value, unsigned line)
{
	unsigned *n = arg;

	*n += (unsigned)(strlen(key) + strlen(value) + line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct table_value value;
	struct index *index;
	struct err err = { "" };
	unsigned n = 0;

	if (size > 0 && data[0] % 2 == 0) {
		check_changed(data + 1, size - 1);
	} else if (size > 0) {
		index = index_memory(data + 1, size - 1, &err);
		if (index != NULL) {
			(void)index_find(index, arena, "key", &value);
			(void)index_each(index, ignore, &n, &err);
		}
		index_close(index);
	}
	arena_free(arena);
	return 0;
}
