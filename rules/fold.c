/* fold.c - see fold.h. */
#include "rules/fold.h"

#include <pthread.h>
#include <string.h>
#include <unicode/ucasemap.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "base/utf8.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static UCaseMap *case_map; /* never changed once made */

static void
make_case_map(void)
{
	UErrorCode error = U_ZERO_ERROR;

	case_map = ucasemap_open("", U_FOLD_CASE_DEFAULT, &error);
	must(U_SUCCESS(error));
}

char *
fold_key(struct arena *arena, const char *key)
{
	UErrorCode error = U_ZERO_ERROR;
	size_t len, room;
	char *out;

	if (utf8_is_ascii(key) || !utf8_valid(key))
		return arena_lower(arena, key);
	(void)pthread_once(&once, make_case_map);
	/* The longest folding makes three characters of one (U+0390). */
	len = strlen(key);
	room = len * 3 + 1;
	must(room < INT32_MAX);
	out = arena_alloc(arena, room);
	(void)ucasemap_utf8FoldCase(
	    case_map, out, (int32_t)room, key, (int32_t)len, &error);
	return U_SUCCESS(error) ? out : arena_lower(arena, key);
}
