/* local_words.h - the right-hand side of an alias, a line of a .forward or
 * :include: file: what it names (aliases(5)). */
#ifndef DELIVERY_LOCAL_WORDS_H
#define DELIVERY_LOCAL_WORDS_H

#include <stddef.h>

struct arena;

enum local_word_kind {
	LOCAL_WORD_ADDRESS, /* in internal form, not completed */
	LOCAL_WORD_COMMAND, /* without the "|" */
	LOCAL_WORD_FILE,
	LOCAL_WORD_INCLUDE, /* without ":include:" */
};

struct local_word {
	enum local_word_kind kind;
	const char *text;
};

/* local_words(arena, text, words): fill *words with what ${text} names, and
 * return how many. */
size_t
local_words(struct arena *arena, const char *text, struct local_word **words);

/* local_words_file(arena, text, words): the same for a file: each line by
 * itself, those that begin with # left out. */
size_t local_words_file(
    struct arena *arena, const char *text, struct local_word **words);

#endif
