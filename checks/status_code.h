/* status_code.h - enhanced status codes (RFC 3463), "5.7.1". */
#ifndef CHECKS_STATUS_CODE_H
#define CHECKS_STATUS_CODE_H

#include <stddef.h>

struct arena;
struct ask;

/* status_code_length(text): of the code that ${text} begins with and that a
 * blank or the end follows; 0: there is none. */
size_t status_code_length(const char *text);

/* status_code_take(arena, text, preset): the code at the start of *text, which
 * is set behind it and the blanks that follow; without one, ${preset}. */
const char *
status_code_take(struct arena *arena, const char **text, const char *preset);

/* status_code_suit(ask, dsn): an address status (X.1.X) that does not suit what
 * is rejected made one that does, as the log says; others as they are. */
const char *status_code_suit(const struct ask *ask, const char *dsn);

#endif
