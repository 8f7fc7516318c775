/* pairs.h - the text that tables are made of: "key value" or, in alias files,
 * "key: value" (postmap(1), postalias(1)). */
#ifndef RULES_PAIRS_H
#define RULES_PAIRS_H

struct err;

enum {
	PAIRS_ALIASES = 1,    /* "key: value", keys quoted as in mail headers */
	PAIRS_ANY_OCTETS = 2, /* lines need not be UTF-8 */
	PAIRS_TEXTHASH = 4,   /* warnings end in "-- ignoring this line" */
	PAIRS_GUESS = 8,      /* PAIRS_ALIASES if all lines look like it */
};

/*
 * pairs_read(path, flags, fn, arg, err):
 * Call ${fn} for every pair in the file ${path}, with the line it begins in.
 * Keys are as written (postmap keeps quotes), not folded.  A line that is not
 * a pair is skipped with Postfix's warning.  How many were skipped, or -1 and
 * the reason: the file cannot be read.
 * pairs_parse() does the same with ${text}, said to come from ${path}.
 */
int pairs_read(const char *path, unsigned flags,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err);
int pairs_parse(const char *path, const char *text, unsigned flags,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg);

#endif
