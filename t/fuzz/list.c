/* A restriction list: compiled twice it is the same, a step knows what to do
 * or says what is wrong, and a word that nobody knows is never passed over. */
#include "classes/list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
quiet(void)
{
	static struct event_target target = { .name = "weir", .fd = -1 };

	if (target.fd < 0) {
		target.fd = 1000; /* nobody */
		target.json_fd = -1;
		event_open(&target);
	}
}

static void
compile(
    struct arena *arena, const char *text, struct list *list, struct err *err)
{
	struct list_context context = { .arena = arena, .err = err };
	static struct list class = { .name = "ours" };

	(void)strmap_set(&context.classes, "ours", &class);
	list_compile(&context, "smtpd_client_restrictions", text, list);
	strmap_free(&context.classes);
}

/* A list of one word that is no restriction, no class and no table. */
static void
check_unknown(struct arena *arena, const char *text, const struct list *list)
{
	const char *p = text, *word = conf_word(&p, arena);

	if (word == NULL || conf_word(&p, arena) != NULL ||
	    strchr(word, ':') != NULL || check_find(word) != NULL ||
	    strcmp(word, "ours") == 0)
		return;
	must(list->count == 1 && list->steps[0].mistake != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);
	struct list a = { 0 }, b = { 0 };
	struct err err = { 0 }, again = { 0 };

	quiet();
	compile(arena, text, &a, &err);
	compile(arena, text, &b, &again);
	must(a.count == b.count && a.waits == b.waits);
	must(strcmp(err.text, again.text) == 0);
	must(list_guards(&a) == list_guards(&b));
	for (size_t i = 0; i < a.count; i++) {
		const struct step *s = &a.steps[i];

		must(s->text != NULL);
		must(s->check != NULL || s->class != NULL || s->bare ||
		    s->then != NULL || s->mistake != NULL);
		must(s->then == NULL || s->then->count > 0 ||
		    s->mistake != NULL);
		must(s->mistake == NULL || err.text[0] != '\0');
		must(s->check == NULL || s->argument.kind == s->check->takes);
	}
	check_unknown(arena, text, &a);
	list_close(&a);
	list_close(&b);
	arena_free(arena);
	return 0;
}
