/* letters.c - see letters.h. */
#include "checks/letters.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

const char *
letters_fill(struct arena *arena, const char *pattern, const char *letters,
    const char *const *values)
{
	struct buf out = { 0 };
	const char *copy, *letter;

	for (; *pattern != '\0'; pattern++) {
		letter = *pattern == '%' && pattern[1] != '\0'
		    ? strchr(letters, pattern[1])
		    : NULL;
		if (letter == NULL) {
			buf_putc(&out, *pattern);
			continue;
		}
		buf_puts(&out, values[letter - letters]);
		pattern++;
	}
	copy = arena_strdup(arena, buf_str(&out));
	buf_free(&out);
	return copy;
}

const char *
letters_seconds(struct arena *arena, int64_t ms, int64_t up)
{
	return arena_printf(arena, "%lld", (long long)((ms + up) / 1000));
}
