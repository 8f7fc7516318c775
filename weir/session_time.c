/* session_time.c - see session_time.h. */
#include "weir/session_time.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/param.h"

/* Both clocks, and that on the wall, are ahead by this. */
static int64_t later, wall;

static bool
read_date(const char *text, int64_t *date)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *end = strptime(text, "%Y-%m-%d %H:%M", &tm);

	if (end != NULL && *end == ':')
		end = strptime(end, ":%S", &tm);
	if (end == NULL || *end != '\0')
		return false;
	*date = (int64_t)mktime(&tm) * CLOCK_SECOND;
	return true;
}

bool
session_time_set(const char *text, struct err *err)
{
	int64_t n;

	if (*text == '+' && param_time(text + 1, 's', &n)) {
		later += n;
	} else if (read_date(text, &n)) {
		wall += n - clock_now();
	} else {
		err_set(err, "time +DURATION | YYYY-MM-DD HH:MM[:SS]");
		return false;
	}
	clock_pretend(later, wall);
	return true;
}

void
session_time_end(void)
{
	later = wall = 0;
	clock_pretend(0, 0);
}
