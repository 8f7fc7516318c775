/* local_time.c - dates in a time zone with a summer time. */
#include "base/local_time.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "t/tap.h"

static void
is_date(int64_t when, const char *expected)
{
	struct buf out = { 0 };

	local_time_date(when * CLOCK_SECOND, &out);
	is(buf_str(&out), expected, "%s", expected);
	buf_free(&out);
}

int
main(void)
{
	char text[LOCAL_TIME_TEXT];

	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	is_date(0, "Thu, 1 Jan 1970 01:00:00 +0100 (CET)");
	is_date(1795341484, "Sun, 22 Nov 2026 10:58:04 +0100 (CET)");
	is_date(1782864000, "Wed, 1 Jul 2026 02:00:00 +0200 (CEST)");
	ok(local_time(INT64_C(1782864000) * CLOCK_SECOND).tm_hour == 2,
	    "broken down");
	is(local_time_text(text, 0, "%a %b %e %H:%M:%S %Y"),
	    "Thu Jan  1 01:00:00 1970", "a format");
	is(local_time_text(text, 0, "%A %A %A %A %A %A %A %A"), "",
	    "more than there is room for");
	return done_testing();
}
