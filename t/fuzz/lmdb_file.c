/* LMDB files: a good one, in which every key is found, and the same with some
 * octets changed or its end cut off, in which every look-up ends, with a text
 * or a reason.  The input is a list of changes, four octets each: a page, where
 * in it (two), and the octet. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "rules/lmdb_file.h"
#include "rules/writer_lmdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 400, LONG = 5000, MOST = 1 << 18, PAGE = 4096 };

static uint8_t whole[MOST];
static size_t whole_size;

static const char *
value_of(int i)
{
	static char text[LONG + 1];

	if (i % 100 == 0) {
		memset(text, 'x', LONG);
		text[LONG] = '\0';
	} else {
		(void)snprintf(text, sizeof text, "value%d", i);
	}
	return text;
}

static void
make(void)
{
	char path[] = "/tmp/weir-fuzz-XXXXXX", file[64], key[32];
	void *writer;
	ssize_t n;
	int fd;

	must(mkdtemp(path) != NULL);
	(void)snprintf(file, sizeof file, "%s/t", path);
	writer = writer_lmdb.begin(file, true, 0600, NULL);
	for (int i = 0; i < KEYS; i++) {
		(void)snprintf(key, sizeof key, "key%d", i);
		must(writer_lmdb.put(
			 writer, key, value_of(i), 0, false, NULL) == 0);
	}
	must(writer_lmdb.commit(writer, NULL) == 0);
	(void)snprintf(file, sizeof file, "%s/t.lmdb", path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = read(fd, whole, sizeof whole);
	must(n > 8 * PAGE && n < MOST);
	whole_size = (size_t)n;
	(void)close(fd);
	(void)unlink(file);
	(void)rmdir(path);
}

static void
count(void *arg, const char *key, const char *value, unsigned line)
{
	unsigned *n = arg;

	(void)line;
	must(strlen(key) <= UINT16_MAX && strlen(value) < MOST);
	*n += 1;
}

/* ${as_made}: nothing has been changed. */
static void
check(int fd, bool as_made)
{
	struct arena *arena = arena_new();
	struct lmdb_file file;
	const char *why = lmdb_file_open(&file, fd), *value;
	unsigned n = 0;
	char key[32];

	must(why == NULL || !as_made);
	for (int i = 0; why == NULL && i < KEYS + 10; i += 7) {
		(void)snprintf(key, sizeof key, "key%d", i);
		value = NULL;
		why =
		    lmdb_file_find(&file, arena, key, strlen(key) + 1, &value);
		must(why != NULL || value == NULL || strlen(value) < MOST);
		must(
		    !as_made || (why == NULL && (value != NULL) == (i < KEYS)));
		must(!as_made || value == NULL ||
		    strcmp(value, value_of(i)) == 0);
		arena_reset(arena);
		why = NULL;
	}
	if (why == NULL)
		why = lmdb_file_each(&file, count, &n);
	must(!as_made || (why == NULL && n == KEYS));
	arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("lmdb", MFD_CLOEXEC);
	size_t at;

	if (whole_size == 0)
		make();
	must(fd >= 0 && write(fd, whole, whole_size) == (ssize_t)whole_size);
	for (size_t i = 0; i + 4 <= size; i += 4) {
		at = data[i] % (whole_size / PAGE) * PAGE +
		    (data[i + 1] << 8 | data[i + 2]) % PAGE;
		must(pwrite(fd, data + i + 3, 1, (off_t)at) == 1);
	}
	if (size % 4 == 1)
		must(ftruncate(fd, data[size - 1] * INT64_C(200)) == 0);
	check(fd, size < 4 && size % 4 != 1);
	(void)close(fd);
	return 0;
}
