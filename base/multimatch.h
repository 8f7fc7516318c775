/* multimatch.h - many regular expressions at once, by Hyperscan or Vectorscan:
 * which of them may match a text?  Where there is neither, or the processor is
 * not one for it, nothing can be compiled or loaded. */
#ifndef BASE_MULTIMATCH_H
#define BASE_MULTIMATCH_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct multimatch;

/* An expression in the syntax and with the meaning of PCRE. */
struct multimatch_rule {
	const char *expression;
	unsigned flags;
};

enum {
	MULTIMATCH_CASELESS = 1,
	MULTIMATCH_DOTALL = 2,
	MULTIMATCH_MULTILINE = 4,
	MULTIMATCH_FLAGS = 7, /* all of them */
};

/* multimatch_version(): the library and what it makes of this processor: what
 * is compiled under one version must be loaded under the same.  NULL: there is
 * none. */
const char *multimatch_version(void);

/*
 * multimatch_compile(rules, n, taken, out, err):
 * Append the compiled form of ${rules} to ${out}.  taken[i]: rule i is in it;
 * others are too much for the library, and for all that one can tell they match
 * always.  Takes a millisecond or more for each rule.  -1 and why, nothing is
 * appended: not possible.
 */
int multimatch_compile(const struct multimatch_rule *rules, size_t n,
    bool *taken, struct buf *out, struct err *err);

/* multimatch_load(data, n, err): what multimatch_compile() has made.  NULL and
 * why: it is damaged, or made under another version. */
struct multimatch *multimatch_load(const char *data, size_t n, struct err *err);
void multimatch_free(struct multimatch *many);

/*
 * multimatch_scan(many, text, len, hit, arg):
 * Call hit() once for each rule, by its number, that may match ${text}.  Each
 * one that does match is among them, in no order; one that does not match may
 * be.  False: it could not be found out.  Any thread, each with some
 * memory of its own.
 */
bool multimatch_scan(const struct multimatch *many, const char *text,
    size_t len, void (*hit)(void *arg, unsigned rule), void *arg);

#endif
