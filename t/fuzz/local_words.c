/* The right-hand side of an alias, from whoever writes it: every word has a
 * text, an address has no line break, and a target made of it is read again as
 * what it was. */
#include "delivery/local_words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "delivery/local_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct arena *arena, const struct local_word *word)
{
	struct local_target t = { .kind = LOCAL_REFUSED,
		.owner = "user",
		.delivered = "a@b",
		.dsn = "5.0.0",
		.text = word->text };
	struct local_target got;

	must(word->kind == LOCAL_WORD_INCLUDE || word->text[0] != '\0');
	must(word->kind != LOCAL_WORD_FILE || word->text[0] == '/');
	must(word->kind != LOCAL_WORD_ADDRESS ||
	    strchr(word->text, '\n') == NULL);
	must(local_target_parse(arena, local_target_print(arena, &t), &got));
	must(strcmp(got.text, word->text) == 0 && got.kind == t.kind &&
	    strcmp(got.dsn, t.dsn) == 0);
	(void)local_target_parse(arena, word->text, &got);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	struct local_word *words;
	size_t n = local_words(arena, text, &words);

	for (size_t i = 0; i < n; i++)
		check(arena, &words[i]);
	n = local_words_file(arena, text, &words);
	for (size_t i = 0; i < n; i++)
		check(arena, &words[i]);
	arena_free(arena);
	return 0;
}
