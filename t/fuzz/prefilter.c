/* A table with a prefilter answers as one without: the same value of the same
 * line; and lines that are ruled out together are in it neither.  The first octet: regexp: or pcre:, and whether what follows is rules
 * and texts as they are or decisions of a generator. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/fatal.h"
#include "rules/prefilter.h"
#include "rules/table.h"
#include "t/rulegen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool complained; /* by a rule that met a limit, for one */

static void
complain(const char *text)
{
	(void)text;
	complained = true;
}

static struct table *
open_text(const char *type, const struct buf *text, bool filtered, int *fd)
{
	static const struct prefilter_settings with = { .least = 1,
		.at_once = true };
	static const struct prefilter_settings without = { .least = SIZE_MAX };
	char spec[64];

	prefilter_start(filtered ? &with : &without);
	*fd = memfd_create("table", MFD_CLOEXEC);
	must(*fd >= 0 &&
	    write(*fd, buf_str(text), text->len) == (ssize_t)text->len);
	(void)snprintf(spec, sizeof spec, "%s:/proc/self/fd/%d", type, *fd);
	return table_open_as(spec, NULL, TABLE_ANY_OCTETS, NULL);
}

static void
compare(struct table *plain, struct table *filtered, const char *text)
{
	struct arena *arena = arena_new();
	struct table_value one, other;
	enum table_status status;

	complained = false;
	status = table_find(plain, arena, text, &one);
	if (complained) {
		arena_free(arena);
		return;
	}
	must(table_find(filtered, arena, text, &other) == status);
	must(one.line == other.line);
	if (status == TABLE_FOUND)
		must(strcmp(one.text, other.text) == 0);
	arena_free(arena);
}

static void
check_hint(struct table *plain, struct table *filtered, struct buf *texts)
{
	struct arena *arena = arena_new();
	struct table_value value;
	char *next = texts->data, *line;
	bool found = false;

	for (size_t i = 0; i < texts->len; i++)
		if (texts->data[i] == '\0')
			texts->data[i] = '\n';
	complained = false;
	if (table_hint(filtered, texts->data, texts->len) == TABLE_SILENT)
		while ((line = strsep(&next, "\n")) != NULL)
			found = found ||
			    table_find(plain, arena, line, &value) !=
				TABLE_NONE;
	must(!found || complained);
	arena_free(arena);
}

/* What is too much for any library. */
static bool
repeats_often(const char *p)
{
	for (; (p = strchr(p, '{')) != NULL; p++)
		if (strspn(p + 1, "0123456789,") > 2)
			return true;
	return false;
}

static bool
add_generated(struct buf *rules, struct buf *texts, const uint8_t *data,
    size_t size, bool posix)
{
	struct rulegen g = { .p = data, .end = data + size };
	unsigned n = 1 + rulegen_pick(&g, 20);

	while (n-- > 0 && g.p < g.end)
		rulegen_rule(&g, rules, posix);
	for (n = 0; n < 16; n++) {
		/* What the rules have left over decides, then chance. */
		g.seed = n + 1;
		rulegen_text(&g, texts);
		buf_putc(texts, '\0');
	}
	return true;
}

/* Rules, a NUL, and texts with a NUL behind each. */
static bool
add_written(
    struct buf *rules, struct buf *texts, const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *nul = memchr(text, '\0', size);

	if (nul == NULL || size > 4096)
		return false;
	buf_puts(rules, text);
	buf_put(texts, nul + 1, size - (size_t)(nul + 1 - text));
	buf_putc(texts, '\0');
	return !repeats_often(buf_str(rules));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_target target = { .name = "weir", .json_fd = -1 };
	static int quiet = -1;
	struct buf rules = { 0 }, texts = { 0 };
	struct table *plain, *filtered;
	const char *type;
	int fds[2];

	if (quiet < 0) {
		quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
		target.fd = quiet;
		event_open(&target);
		event_tap(complain);
	}
	if (size == 0)
		return 0;
	type = data[0] % 2 == 0 ? "pcre" : "regexp";
	if (data[0] % 4 < 2 ? add_generated(&rules, &texts, data + 1, size - 1,
				  data[0] % 2 != 0)
			    : add_written(&rules, &texts, data + 1, size - 1)) {
		plain = open_text(type, &rules, false, &fds[0]);
		filtered = open_text(type, &rules, true, &fds[1]);
		for (const char *p = buf_str(&texts);
		     p < texts.data + texts.len; p += strlen(p) + 1)
			compare(plain, filtered, p);
		check_hint(plain, filtered, &texts);
		table_close(plain);
		table_close(filtered);
		(void)close(fds[0]);
		(void)close(fds[1]);
	}
	buf_free(&rules);
	buf_free(&texts);
	return 0;
}
