/* portable.h - expressions of pcre: and regexp: tables as others understand
 * them, for a first look at a text (base/multimatch.h).  What comes out matches
 * at least wherever the expression does; one of which that is not certain is
 * left alone. */
#ifndef RULES_PORTABLE_H
#define RULES_PORTABLE_H

#include <stdbool.h>

struct buf;

/* portable_pcre(expression): means the same elsewhere, as it is. */
bool portable_pcre(const char *expression);

/* portable_posix(expression, fold, out): append to ${out} what the POSIX
 * extended expression is in the other syntax; ${fold}: in any case.  False:
 * left alone, and what stands in ${out} then is nothing. */
bool portable_posix(const char *expression, bool fold, struct buf *out);

#endif
