/* session_time.h - what time it is, in a script of weir test session. */
#ifndef WEIR_SESSION_TIME_H
#define WEIR_SESSION_TIME_H

#include <stdbool.h>

struct err;

/* session_time_set(text, err): "+5m": so much later; "2026-11-23 10:00[:30]": that
 * time, here.  Clocks go on from there.  False and why: neither. */
bool session_time_set(const char *text, struct err *err);

/* session_time_end(): it is what time it is. */
void session_time_end(void);

#endif
