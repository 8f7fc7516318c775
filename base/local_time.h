/* local_time.h - dates and the time of day, where this machine is.  Times are
 * nanoseconds since 1970, as clock.h has them; texts are English. */
#ifndef BASE_LOCAL_TIME_H
#define BASE_LOCAL_TIME_H

#include <stdint.h>
#include <time.h>

struct buf;

enum { LOCAL_TIME_TEXT = 64 };

/* local_time(when): broken down. */
struct tm local_time(int64_t when);

/* local_time_text(text, when, format): ${text}, filled as strftime(3) says; what
 * needs more than its room gives "". */
const char *local_time_text(char text[LOCAL_TIME_TEXT], int64_t when,
    const char *format) __attribute__((format(strftime, 3, 0)));

/* local_time_date(when, out): append a date as in a Date: header (RFC 5322
 * section 3.3): "Sat, 21 Nov 2026 11:38:04 +0000 (UTC)". */
void local_time_date(int64_t when, struct buf *out);

#endif
