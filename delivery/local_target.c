/* local_target.c - see local_target.h.
 *
 * A letter for the kind, and lines for owner, address and status; the rest is
 * the text, which may have lines itself. */
#include "delivery/local_target.h"

#include <string.h>

#include "base/arena.h"

const char *
local_target_print(struct arena *arena, const struct local_target *t)
{
	return arena_printf(arena, "%c%s\n%s\n%s\n%s", (char)t->kind, t->owner,
	    t->delivered, t->dsn, t->text);
}

/* The next line, which has an end; NULL: there is none. */
static const char *
line(struct arena *arena, const char **text)
{
	const char *start = *text, *end = strchr(start, '\n');

	if (end == NULL)
		return NULL;
	*text = end + 1;
	return arena_strndup(arena, start, (size_t)(end - start));
}

bool
local_target_parse(
    struct arena *arena, const char *text, struct local_target *t)
{
	if (*text == '\0' || strchr("ulmcfr", *text) == NULL)
		return false;
	*t = (struct local_target){ .kind = (enum local_kind) * text++ };
	t->owner = line(arena, &text);
	t->delivered = t->owner != NULL ? line(arena, &text) : NULL;
	t->dsn = t->delivered != NULL ? line(arena, &text) : NULL;
	t->text = text;
	return t->dsn != NULL && (t->kind != LOCAL_FILE || text[0] == '/') &&
	    (t->kind != LOCAL_COMMAND || text[0] != '\0') &&
	    (t->kind != LOCAL_REFUSED || t->dsn[0] == '5');
}
