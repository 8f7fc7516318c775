/* Pattern tables.  An even first octet: the others are written out as rules
 * with if and endif, and regexp:, pcre: and a simple interpreter must agree.
 * An odd one: they are the text of a pcre: table, whose answers must come from
 * one of its lines and, if the text has none, have no control characters. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/table.h"
#include "rules/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_RULES = 64 };

static struct table *
open_text(const char *type, const char *text, size_t len)
{
	int fd = memfd_create("table", MFD_CLOEXEC);
	struct table *table;
	char spec[64];

	must(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	(void)snprintf(spec, sizeof spec, "%s:/proc/self/fd/%d", type, fd);
	table = table_open(spec, NULL, NULL);
	(void)close(fd);
	return table;
}

/* One octet is one rule: what it does, with which letter, negated or not. */
enum { MATCH, IF, ENDIF, KINDS };

static bool
holds(uint8_t rule, const char *key)
{
	bool has = strchr(key, "abcd"[rule >> 2 & 3]) != NULL;

	return has != ((rule >> 4 & 1) != 0);
}

/* Where the block that rule ${i} opens ends. */
static size_t
end_of_block(const uint8_t *rules, size_t n, size_t i)
{
	size_t depth = 1;

	for (i++; i < n; i++) {
		depth += (rules[i] & 3) % KINDS == IF;
		if ((rules[i] & 3) % KINDS == ENDIF && --depth == 0)
			return i;
	}
	return n;
}

/* The line that answers, or 0. */
static unsigned
interpret(const uint8_t *rules, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++) {
		if ((rules[i] & 3) % KINDS == ENDIF || holds(rules[i], key)) {
			if ((rules[i] & 3) % KINDS == MATCH)
				return (unsigned)i + 1;
			continue;
		}
		if ((rules[i] & 3) % KINDS == IF)
			i = end_of_block(rules, n, i);
	}
	return 0;
}

static void
check_blocks(const uint8_t *rules, size_t n)
{
	static const char *const types[] = { "regexp", "pcre" };
	static const char *const words[] = { "", "if ", "endif" };
	struct arena *arena = arena_new();
	struct table_value value;
	struct buf text = { 0 };
	struct table *table;
	char key[6];

	for (size_t i = 0; i < n; i++) {
		buf_puts(&text, words[(rules[i] & 3) % KINDS]);
		if ((rules[i] & 3) % KINDS != ENDIF)
			buf_printf(&text, "%s/%c/", rules[i] & 16 ? "!" : "",
			    "abcd"[rules[i] >> 2 & 3]);
		if ((rules[i] & 3) % KINDS == MATCH)
			buf_puts(&text, " x");
		buf_putc(&text, '\n');
	}
	for (size_t t = 0; t < 2; t++) {
		table = open_text(types[t], buf_str(&text), text.len);
		for (unsigned letters = 0; letters < 16; letters++) {
			size_t len = 0;
			unsigned line;

			key[len++] = '-';
			for (unsigned i = 0; i < 4; i++)
				if ((letters >> i & 1) != 0)
					key[len++] = "abcd"[i];
			key[len] = '\0';
			line = interpret(rules, n, key);
			must(table_find(table, arena, key, &value) ==
			    (line > 0 ? TABLE_FOUND : TABLE_NONE));
			must(value.line == line);
		}
		table_close(table);
	}
	buf_free(&text);
	arena_free(arena);
}

static bool
has_controls(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 32 && c != '\t') || c == 127)
			return true;
	}
	return false;
}

static void
check_text(const char *text, size_t len)
{
	static const char *const keys[] = { "a", "subject: hello\n world",
		"x\001y\nz\177\r", "user+ext@example.com",
		"aaaaaaaaaaaaaaaa!" };
	struct arena *arena = arena_new();
	struct table *table = open_text("pcre", text, len);
	struct table_value value;
	unsigned lines = 1;
	bool clean = true;

	for (size_t i = 0; i < len; i++) {
		lines += text[i] == '\n';
		clean =
		    clean && (text[i] == '\n' || !has_controls(text + i, 1));
	}
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (table_find(table, arena, keys[i], &value) != TABLE_FOUND)
			continue;
		must(value.line >= 1 && value.line <= lines);
		must(strlen(value.text) <= TEMPLATE_MOST + len);
		for (const char *p = value.text; clean && *p != '\0'; p++)
			must(!has_controls(p, 1) ||
			    (*p == '\n' && (p[1] == ' ' || p[1] == '\t')));
	}
	table_close(table);
	arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_target target = { .name = "weir", .json_fd = -1 };
	static int quiet = -1;

	if (quiet < 0) {
		quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
		target.fd = quiet;
		event_open(&target);
	}
	if (size == 0)
		return 0;
	if (data[0] % 2 == 0)
		check_blocks(
		    data + 1, size - 1 < MOST_RULES ? size - 1 : MOST_RULES);
	else
		check_text((const char *)data + 1, size - 1);
	return 0;
}
