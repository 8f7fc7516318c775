/* main.cf: what a printer of the parsed names and values writes is read as the
 * same; expansion ends, and says why it fails; the words of a value tile it. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"

static const struct param_table *const tables[] = { &base_params_table, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	struct conf *conf;
	struct arena *arena;
	struct buf printed;
	size_t count;
};

static void
check_words(const char *text, struct arena *arena)
{
	const char *cursor = text, *word;

	while ((word = conf_word(&cursor, arena)) != NULL) {
		must(*word != '\0');
		must(strncmp(cursor - strlen(word), word, strlen(word)) == 0);
	}
	must(*cursor == '\0');
}

static void
print(void *arg, const char *name, const struct conf_value *value,
    enum conf_known known)
{
	struct walk *walk = arg;
	struct err err = { 0 };
	const char *got = conf_get(walk->conf, name, walk->arena, &err);

	must((got == NULL) == (err.text[0] != '\0'));
	must(value->origin.line > 0);
	check_words(value->text, walk->arena);
	if (known == CONF_UNKNOWN) {
		got = conf_suggest(walk->conf, name);
		must(got == NULL || strcmp(got, name) != 0);
	}
	buf_printf(&walk->printed, "%s = %s\n", name, value->text);
	walk->count++;
}

static void
compare(void *arg, const char *name, const struct conf_value *value,
    enum conf_known known)
{
	struct walk *walk = arg;
	struct conf_value other;

	(void)known;
	must(conf_find(walk->conf, name, &other));
	must(strcmp(other.text, value->text) == 0);
	walk->count--;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct event_target target = { .name = "fuzz", .json_fd = -1 };
	struct walk walk = { .arena = arena_new() };
	char *text = arena_alloc(walk.arena, size + 1);
	struct conf *again;
	struct err err = { 0 };

	if (target.fd == 0) {
		target.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		event_open(&target);
	}
	memcpy(text, data, size);
	walk.conf = conf_parse("main.cf", text, tables, &err);
	if (walk.conf == NULL) {
		must(strncmp(err.text, "main.cf:", 8) == 0);
	} else {
		conf_each(walk.conf, print, &walk);
		again =
		    conf_parse("again", buf_str(&walk.printed), tables, &err);
		must(again != NULL);
		conf_each(again, compare, &walk);
		must(walk.count == 0);
		conf_free(again);
	}
	conf_free(walk.conf);
	buf_free(&walk.printed);
	arena_free(walk.arena);
	return 0;
}
