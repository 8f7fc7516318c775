/* class_names.c - see class_names.h. */
#include "classes/class_names.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

const char *
class_names_next(const char **names, size_t *n)
{
	const char *name = *names + strspn(*names, " ");

	*n = strcspn(name, " ");
	*names = name + *n;
	return *n > 0 ? name : NULL;
}

static bool
has(const char *names, const char *wanted, size_t length)
{
	const char *name;
	size_t n;

	while ((name = class_names_next(&names, &n)) != NULL)
		if (n == length && memcmp(name, wanted, n) == 0)
			return true;
	return false;
}

const char *
class_names_add(struct arena *arena, const char *names, const char *more)
{
	const char *name;
	size_t n;

	if (more == NULL)
		return names;
	if (*names == '\0')
		return more;
	while ((name = class_names_next(&more, &n)) != NULL)
		if (!has(names, name, n))
			names =
			    arena_printf(arena, "%s %.*s", names, (int)n, name);
	return names;
}
