/* words.h - a command line taken apart as Postfix does. */
#ifndef PROXY_WORDS_H
#define PROXY_WORDS_H

#include <stddef.h>

struct arena;

enum { WORDS_MOST = 64 };

/*
 * The words of a line.  Blanks in "<...>", "[...]" and quoted strings are part
 * of a word; "from:" and "to:", in any case, are words ("FROM:<a@b>" is two).
 * Text behind WORDS_MOST - 1 words is the last word.
 */
struct words {
	const char *word[WORDS_MOST + 1]; /* ended by NULL */
	size_t count;
};

/* words_parse(arena, line, words): the words live in ${arena}. */
void words_parse(struct arena *arena, const char *line, struct words *words);

/* words_join(arena, words, from): the words from number ${from} on, with one
 * blank between them. */
char *words_join(struct arena *arena, const struct words *words, size_t from);

#endif
