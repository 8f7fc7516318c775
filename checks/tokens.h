/* tokens.h - the value of a structured header (RFC 822, RFC 2045) in words. */
#ifndef CHECKS_TOKENS_H
#define CHECKS_TOKENS_H

#include <stddef.h>

#include "base/buf.h"

enum { TOKENS_MOST = 3, TOKENS_WORD = 'w', TOKENS_QUOTED = '"' };

/* The first few words of an item, and where the next item begins. */
struct tokens {
	const char *p, *end; /* the rest of the value */
	size_t count;
	struct tokens_one {
		char type; /* TOKENS_WORD, TOKENS_QUOTED, or the special */
		const char *text; /* in ${memory}, until the next item */
	} list[TOKENS_MOST];
	struct buf memory; /* released with buf_free() */
};

/*
 * tokens_next(t):
 * Take the next item, up to a ';' or the end: comments and white space are
 * left out, quoted strings unquoted, specials are tokens of their own; what
 * comes behind TOKENS_MOST tokens is skipped.  Return 1, or 0 if there is no
 * further item.
 */
int tokens_next(struct tokens *t);

/* tokens_is(t, i, word): token number ${i} is there and is the unquoted word
 * ${word}, in any case of letters. */
int tokens_is(const struct tokens *t, size_t i, const char *word);

#endif
