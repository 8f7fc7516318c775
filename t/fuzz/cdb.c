/* Constant databases.  An even first octet: the input is "key value" lines,
 * and each look-up answers the first value of its key, which the records in
 * their order say, too.  An odd one: it is the file, and each look-up in it
 * ends. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "rules/cdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_PAIRS = 200 };

struct pair {
	const char *key, *value;
};

struct pairs {
	struct pair all[MOST_PAIRS];
	size_t count, seen;
};

static int
file_of(const void *data, size_t n)
{
	int fd = memfd_create("cdb", MFD_CLOEXEC);

	must(fd >= 0 && (n == 0 || write(fd, data, n) == (ssize_t)n));
	return fd;
}

static const char *
first_value(const struct pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(pairs->all[i].key, key) == 0)
			return pairs->all[i].value;
	return NULL;
}

static void
next_pair(void *arg, const char *key, const char *value, unsigned line)
{
	struct pairs *pairs = arg;
	const struct pair *pair = &pairs->all[pairs->seen++];

	(void)line;
	must(pairs->seen <= pairs->count);
	must(strcmp(key, pair->key) == 0 && strcmp(value, pair->value) == 0);
}

static void
check_pairs(struct pairs *pairs, struct arena *arena)
{
	struct buf octets = { 0 };
	struct cdb_draft draft = { .octets = &octets };
	const char *value;
	struct cdb cdb;
	int fd;

	for (size_t i = 0; i < pairs->count; i++)
		cdb_add(&draft, pairs->all[i].key, pairs->all[i].value);
	must(cdb_finish(&draft) == 0);
	fd = file_of(octets.data, octets.len);
	must(cdb_open(&cdb, fd) == 0);
	for (size_t i = 0; i < pairs->count; i++) {
		const char *key = pairs->all[i].key;

		must(cdb_find(&cdb, arena, key, strlen(key), &value) == 0);
		must(value != NULL &&
		    strcmp(value, first_value(pairs, key)) == 0);
	}
	must(cdb_find(&cdb, arena, "no such\n", 8, &value) == 0);
	must(value == NULL);
	must(cdb_each(&cdb, next_pair, pairs) == 0);
	must(pairs->seen == pairs->count);
	(void)close(fd);
	buf_free(&octets);
}

static void
read_pairs(char *text, struct arena *arena)
{
	struct pairs pairs = { .count = 0 };
	char *line, *blank;

	while (
	    pairs.count < MOST_PAIRS && (line = strsep(&text, "\n")) != NULL) {
		blank = line + strcspn(line, " ");
		pairs.all[pairs.count].value = *blank != '\0' ? blank + 1 : "";
		*blank = '\0';
		pairs.all[pairs.count++].key = line;
	}
	check_pairs(&pairs, arena);
}

static void
ignore(void *arg, const char *key, const char *value, unsigned line)
{
	size_t *n = arg;

	*n += strlen(key) + strlen(value) + line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *value;
	struct cdb cdb;
	size_t n = 0;
	int fd;

	if (size > 0 && data[0] % 2 == 0) {
		read_pairs(
		    arena_strndup(arena, (const char *)data + 1, size - 1),
		    arena);
	} else if (size > 0) {
		fd = file_of(data + 1, size - 1);
		if (cdb_open(&cdb, fd) == 0) {
			(void)cdb_find(&cdb, arena, "key", 3, &value);
			(void)cdb_find(&cdb, arena, "", 0, &value);
			(void)cdb_each(&cdb, ignore, &n);
		}
		(void)close(fd);
	}
	arena_free(arena);
	return 0;
}
