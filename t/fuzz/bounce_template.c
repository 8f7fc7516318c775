/* Whatever a template file says, all four templates can be used, and what they
 * are is the same when they are printed and read again. */
#include "queue/bounce_template.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char marker[] = "E5d1c0f7";

static void
check(const struct bounce_template *t)
{
	size_t n = strlen(t->text);

	if (n == 0 || t->text[n - 1] != '\n' || t->charset[0] == '\0' ||
	    t->from[0] == '\0' || t->subject[0] == '\0' ||
	    strchr(t->charset, '\n') != NULL || strchr(t->from, '\n') != NULL ||
	    strchr(t->subject, '\n') != NULL)
		abort();
}

static void
print(const struct bounce_template *t, struct buf *out)
{
	buf_printf(out,
	    "%s_template = <<%s\nCharset: %s\nFrom: %s\nSubject: %s\n", t->kind,
	    marker, t->charset, t->from, t->subject);
	if (t->copy_subject != NULL)
		buf_printf(out, "Postmaster-Subject: %s\n", t->copy_subject);
	buf_printf(out, "\n%s%s\n", t->text, marker);
}

static void
same(const struct bounce_template *a, const struct bounce_template *b)
{
	if (strcmp(a->charset, b->charset) != 0 ||
	    strcmp(a->from, b->from) != 0 ||
	    strcmp(a->subject, b->subject) != 0 ||
	    strcmp(a->text, b->text) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bounce_template first[BOUNCE_TEMPLATE_KINDS];
	struct bounce_template second[BOUNCE_TEMPLATE_KINDS];
	struct arena *arena = arena_new();
	struct buf text = { 0 };
	struct err err = { 0 };

	buf_put(&text, data, size);
	bounce_template_init(first);
	bounce_template_init(second);
	if (strlen(buf_str(&text)) == size &&
	    strstr(buf_str(&text), marker) == NULL &&
	    bounce_template_parse(
		"f", buf_str(&text), arena, first, false, &err) == 0) {
		buf_reset(&text);
		for (size_t i = 0; i < BOUNCE_TEMPLATE_KINDS; i++) {
			check(&first[i]);
			print(&first[i], &text);
		}
		if (bounce_template_parse(
			"f", buf_str(&text), arena, second, false, &err) != 0)
			abort();
		for (size_t i = 0; i < BOUNCE_TEMPLATE_KINDS; i++)
			same(&first[i], &second[i]);
	}
	buf_free(&text);
	arena_free(arena);
	return 0;
}
