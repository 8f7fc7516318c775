/* level.c - see level.h. */
#include "base/level.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

enum { MOST_PART = 65535 };

/* "major", "major.minor" or "major.minor.patch"; a number alone is a major
 * version (or one of the old levels 0, 1 and 2). */
static bool
parse(const char *text, long parts[3], struct err *err)
{
	const char *p = text;
	char *end;

	for (int i = 0; i < 3; i++) {
		errno = 0;
		parts[i] = strtol(p, &end, 10);
		if (end == p || errno != 0 || parts[i] < 0 ||
		    parts[i] > MOST_PART)
			break;
		if (*end == '\0')
			return true;
		if (*end != '.' || i == 2)
			break;
		p = end + 1;
	}
	err_set(err, "malformed compatibility level syntax: \"%s\"", text);
	return false;
}

static bool
compare(const char *left, const char *right, int *order, struct err *err)
{
	long a[3] = { 0 }, b[3] = { 0 };

	if (!parse(left, a, err) || !parse(right, b, err))
		return false;
	*order = 0;
	for (int i = 0; i < 3 && *order == 0; i++)
		*order = a[i] < b[i] ? -1 : a[i] > b[i];
	return true;
}

const struct macro_order level_orders[] = {
	{ "level", compare },
	{ NULL, NULL },
};
