/* local_time.c - see local_time.h. */
#include "base/local_time.h"

#include <pthread.h>

#include "base/buf.h"
#include "base/clock.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The names of zones are the C library's, made when they are first asked for,
 * under a lock that a thread sanitizer does not see: it sees this one. */
static void
read_zone(void)
{
	time_t now = time(NULL);
	struct tm tm;

	tzset();
	(void)localtime_r(&now, &tm);
}

struct tm
local_time(int64_t when)
{
	time_t seconds = (time_t)(when / CLOCK_SECOND);
	struct tm tm = { 0 };

	(void)pthread_once(&once, read_zone);
	(void)localtime_r(&seconds, &tm);
	return tm;
}

const char *
local_time_text(char text[LOCAL_TIME_TEXT], int64_t when, const char *format)
{
	struct tm tm = local_time(when);

	/* The format is checked where it is written. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (strftime(text, LOCAL_TIME_TEXT, format, &tm) == 0)
		text[0] = '\0';
#pragma GCC diagnostic pop
	return text;
}

void
local_time_date(int64_t when, struct buf *out)
{
	char day[LOCAL_TIME_TEXT], rest[LOCAL_TIME_TEXT];

	/* Days below ten have one digit, without a space that fills. */
	buf_printf(out, "%s, %d %s", local_time_text(day, when, "%a"),
	    local_time(when).tm_mday,
	    local_time_text(rest, when, "%b %Y %H:%M:%S %z (%Z)"));
}
