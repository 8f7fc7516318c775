/* Conditions: what is printed parses to the same, whatever the input is, and
 * what is refused has a reason. */
#include "checks/expression.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same(const struct expression *a, const struct expression *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->kind == b->kind && a->type == b->type && a->fact == b->fact &&
	    a->number == b->number && same_text(a->text, b->text) &&
	    same(a->left, b->left) && same(a->right, b->right);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	char *text = arena_strndup(arena, (const char *)data, size);
	struct err err = { "" };
	struct expression *e = expression_parse(text, arena, &err), *again;
	struct buf printed = { 0 };

	must((e == NULL) == (err.text[0] != '\0'));
	if (e != NULL) {
		must(e->type == FACT_BOOLEAN);
		expression_print(e, &printed);
		again = expression_parse(buf_str(&printed), arena, &err);
		must(again != NULL && same(e, again));
	}
	buf_free(&printed);
	arena_free(arena);
	return 0;
}
