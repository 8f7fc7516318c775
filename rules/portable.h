/* portable.h - expressions of pcre: and regexp: tables as others understand
 * them, for a first look at a text (base/multimatch.h).  What comes out matches
 * at least wherever the expression does; one of which that is not certain is
 * left alone. */
#ifndef RULES_PORTABLE_H
#define RULES_PORTABLE_H

#include <stdbool.h>

struct buf;

/* portable_pcre(expression, out), portable_posix(expression, fold, out):
 * Append to ${out} what the expression of PCRE, or the extended one of POSIX
 * (${fold}: in any case), is elsewhere, where "^" and "$" match at each line:
 * it matches a text of several lines, too, if the expression matches one of
 * them.  False: left alone, and what stands in ${out} then is nothing. */
bool portable_pcre(const char *expression, struct buf *out);
bool portable_posix(const char *expression, bool fold, struct buf *out);

#endif
