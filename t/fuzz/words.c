/* Taking a line apart loses nothing but blanks, and taking apart what was
 * joined again gives the same words; decoded xtext holds no control octets
 * where a parameter was found sound. */
#include "proxy/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "proxy/esmtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_octets(const char *line, const struct words *w)
{
	static const char blanks[] = " \t\n\v\f\r";
	const char *p = line;

	for (size_t i = 0; i < w->count; i++) {
		p += strspn(p, blanks);
		if (w->word[i][0] == '\0' ||
		    strncmp(p, w->word[i], strlen(w->word[i])) != 0)
			abort();
		p += strlen(w->word[i]);
	}
	if (p[strspn(p, blanks)] != '\0')
		abort();
}

static void
check_parameter(struct arena *arena, const char *word)
{
	const char *plain;

	if (!esmtp_envid(arena, word))
		return;
	plain = esmtp_xtext(arena, word);
	for (; *plain != '\0'; plain++)
		if ((unsigned char)*plain < 32 || (unsigned char)*plain > 126)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct words w, again;
	struct buf in = { 0 };

	buf_put(&in, data, size);
	words_parse(arena, buf_str(&in), &w);
	check_octets(buf_str(&in), &w);
	words_parse(arena, words_join(arena, &w, 0), &again);
	if (again.count != w.count)
		abort();
	for (size_t i = 0; i < w.count; i++) {
		if (strcmp(w.word[i], again.word[i]) != 0)
			abort();
		check_parameter(arena, w.word[i]);
	}
	buf_free(&in);
	arena_free(arena);
	return 0;
}
