/* chunk.h - some expressions of pattern tables, compiled together, as a file
 * of a cache has them.  The name of the file is made of the expressions and of
 * who compiles them, so it never has other content than it should. */
#ifndef RULES_CHUNK_H
#define RULES_CHUNK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct chunk;
struct err;

enum {
	CHUNK_NAME = 65, /* octets of a name, with its NUL */
	CHUNK_MOST_RULES = 2000,
	CHUNK_MOST = 16 << 20, /* octets of a draft */
};

/* What is to be compiled, in a form that goes to another process. */
struct chunk_draft {
	struct buf text;
	size_t count;
};

/* chunk_draft_add(draft, expression, flags): with MULTIMATCH_CASELESS ... */
void chunk_draft_add(
    struct chunk_draft *draft, const char *expression, unsigned flags);

/* chunk_name(text, len, name): of the file for this draft; needs
 * multimatch_version(). */
void chunk_name(const char *text, size_t len, char name[CHUNK_NAME]);

/* chunk_compile(text, len, out, err): make the content of the file for this
 * draft, which may come from somebody who is not trusted.  Takes seconds.  -1
 * and why: malformed, or not possible. */
int
chunk_compile(const char *text, size_t len, struct buf *out, struct err *err);

/* chunk_parse(data, len, err): the content of a file; NULL and why: damaged or
 * of another version. */
struct chunk *chunk_parse(const char *data, size_t len, struct err *err);

/*
 * chunk_load(directory, name, err):
 * The file called ${name}.  A process has it once, however many tables ask.
 * NULL and why; *missing: because there is no such file.
 */
struct chunk *chunk_load(
    const char *directory, const char *name, bool *missing, struct err *err);

/* chunk_free(chunk): let go of what chunk_parse() or chunk_load() gave. */
void chunk_free(struct chunk *chunk);

/* chunk_count(chunk): how many expressions it was made of.
 * chunk_has(chunk, i): expression ${i} is in it; others may match anything. */
size_t chunk_count(const struct chunk *chunk);
bool chunk_has(const struct chunk *chunk, size_t i);

/* chunk_scan(chunk, text, len, hit, arg): as multimatch_scan(), for those that
 * are in it. */
bool chunk_scan(const struct chunk *chunk, const char *text, size_t len,
    void (*hit)(void *arg, unsigned i), void *arg);

#endif
