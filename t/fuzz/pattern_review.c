/* The review of a pattern table: a rule that is said to be never found is not,
 * whatever the table is asked for.  Each line of the input is a rule: its first
 * octet tells which kind, the others are characters of its expression. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_RULES = 24, MOST_LETTERS = 5 };

static const char characters[] = "abAB.ab^$*+?|()[]\\ab-{1}dwa?:b^";

/* The lines that are said to be hidden. */
struct told {
	bool line[MOST_RULES + 2];
};

static struct table *
open_text(const char *type, const struct buf *text)
{
	int fd = memfd_create("table", MFD_CLOEXEC);
	struct table *table;
	char spec[64];

	must(fd >= 0 &&
	    write(fd, buf_str(text), text->len) == (ssize_t)text->len);
	(void)snprintf(spec, sizeof spec, "%s:/proc/self/fd/%d", type, fd);
	table = table_open(spec, NULL, NULL);
	(void)close(fd);
	return table;
}

/* "/proc/self/fd/3:LINE: never found: ..." */
static void
note(void *arg, const char *text)
{
	struct told *told = arg;
	unsigned long line = strtoul(strchr(text, ':') + 1, NULL, 10);

	must(strstr(text, "never found") != NULL);
	must(line >= 1 && line <= MOST_RULES + 1);
	told->line[line] = true;
}

/* Ask for all words of few letters. */
static void
ask(struct table *table, struct told *told, struct arena *arena)
{
	static const char letters[] = "abA-";
	struct table_value value;
	char key[MOST_LETTERS + 1];

	for (unsigned n = 1, words = 4; n <= MOST_LETTERS; n++, words *= 4)
		for (unsigned word = 0; word < words; word++) {
			for (unsigned i = 0; i < n; i++)
				key[i] = letters[word >> 2 * i & 3];
			key[n] = '\0';
			if (table_find(table, arena, key, &value) ==
			    TABLE_FOUND)
				must(!told->line[value.line]);
		}
	arena_reset(arena);
}

static void
write_rules(const uint8_t *data, size_t size, struct buf *text)
{
	static const char *const heads[] = { "if /", "if !/", "!/", "/", "/",
		"/", "/", "/" };
	unsigned rules = 0;
	size_t i = 0;

	while (i < size && rules++ < MOST_RULES) {
		uint8_t kind = data[i++];

		if (kind % 16 == 15) {
			buf_puts(text, "endif\n");
			continue;
		}
		buf_puts(text, heads[kind % 8]);
		for (; i < size && data[i] != '\n'; i++)
			buf_putc(text,
			    characters[data[i] % (sizeof characters - 1)]);
		i++;
		buf_printf(text, "/%s%s\n", (kind & 32) != 0 ? "i" : "",
		    kind % 8 > 1 ? " x" : "");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "pcre", "regexp" };
	struct event_target target = { .name = "weir", .json_fd = -1 };
	static int quiet = -1;
	struct arena *arena = arena_new();
	struct buf text = { 0 };

	if (quiet < 0) {
		quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
		target.fd = quiet;
		event_open(&target);
	}
	write_rules(data, size, &text);
	for (size_t t = 0; t < 2; t++) {
		struct table *table = open_text(types[t], &text);
		struct told told = { { false } };

		table_review(table, note, &told);
		ask(table, &told, arena);
		table_close(table);
	}
	buf_free(&text);
	arena_free(arena);
	return 0;
}
