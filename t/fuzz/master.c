/* master.cf: a service that is printed again is read as the same service, and
 * what is refused is refused with its place. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/master.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {
	[MASTER_INET] = "inet",
	[MASTER_UNIX] = "unix",
	[MASTER_FIFO] = "fifo",
	[MASTER_PASS] = "pass",
	[MASTER_UNIX_DGRAM] = "unix-dgram",
};

static void
print(const struct master_service *s, struct buf *out)
{
	buf_printf(out, "%s %s %s %s %s %s ", s->name, types[s->type],
	    s->private, s->unpriv, s->chroot, s->wakeup);
	if (s->maxproc < 0)
		buf_puts(out, "-");
	else
		buf_printf(out, "%d", s->maxproc);
	buf_printf(out, " %s", s->command);
	for (size_t i = 0; i < s->noptions; i++)
		buf_printf(out, " -o {%s=%s}", s->options[i].name,
		    s->options[i].value);
	for (unsigned i = 0; i < s->verbose; i++)
		buf_puts(out, " -v");
	if (s->debug)
		buf_puts(out, " -D");
	for (size_t i = 0; s->args[i] != NULL; i++)
		buf_printf(out, " {%s}", s->args[i]);
	buf_putc(out, '\n');
}

/* Braces that do not balance cannot be written so that they stay. */
static bool
printable(const char *text)
{
	size_t level = 0;

	for (; *text != '\0'; text++) {
		if (*text == '{')
			level++;
		else if (*text == '}' && level-- == 0)
			return false;
	}
	return level == 0;
}

static bool
all_printable(const struct master_service *s)
{
	bool good = true;

	for (size_t i = 0; i < s->noptions; i++)
		good = good && printable(s->options[i].name) &&
		    printable(s->options[i].value);
	/* An option that stands in braces is one. */
	for (size_t i = 0; s->args[i] != NULL; i++)
		good = good && printable(s->args[i]);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_target target = { .name = "fuzz", .json_fd = -1 };
	struct arena *arena = arena_new();
	char *text = arena_alloc(arena, size + 1);
	struct master master, again;
	struct buf one = { 0 }, two = { 0 };
	struct err err = { 0 };

	if (target.fd == 0) {
		target.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		event_open(&target);
	}
	memcpy(text, data, size);
	if (master_parse("master.cf", text, arena, &master, &err) != 0) {
		must(strncmp(err.text, "master.cf:", 10) == 0);
		master.count = 0;
	}
	for (size_t i = 0; i < master.count; i++) {
		const struct master_service *s = &master.services[i];

		must(master_find(&master, s->type, s->name) == s);
		if (!all_printable(s))
			continue;
		buf_reset(&one);
		buf_reset(&two);
		print(s, &one);
		must(master_parse(
			 "again", buf_str(&one), arena, &again, &err) == 0);
		must(again.count == 1);
		print(again.services, &two);
		must(strcmp(buf_str(&one), buf_str(&two)) == 0);
	}
	buf_free(&one);
	buf_free(&two);
	arena_free(arena);
	return 0;
}
