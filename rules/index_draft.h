/* index_draft.h - an index (index.h) in the making. */
#ifndef RULES_INDEX_DRAFT_H
#define RULES_INDEX_DRAFT_H

#include <stdbool.h>

struct buf;
struct err;
struct index;
struct index_draft;

/* index_draft_new(): an index in the making, in memory. */
struct index_draft *index_draft_new(void);
void index_draft_free(struct index_draft *draft);

/* index_draft_has(draft, key), index_draft_set(draft, key, value, line): an
 * older value is replaced.  index_draft_drop(draft, key): false if it is not
 * there. */
bool index_draft_has(const struct index_draft *draft, const char *key);
void index_draft_set(struct index_draft *draft, const char *key,
    const char *value, unsigned line);
bool index_draft_drop(struct index_draft *draft, const char *key);

/* index_draft_each(draft, fn, arg): call ${fn} for each pair, in order, until
 * it returns false, which is returned then. */
bool index_draft_each(const struct index_draft *draft,
    bool (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg);

/* index_draft_open(draft): an index in memory of what is in ${draft}. */
struct index *index_draft_open(const struct index_draft *draft);

/* index_draft_print(draft, buf): append the octets of the file. */
void index_draft_print(const struct index_draft *draft, struct buf *out);

/*
 * index_draft_save(draft, path, mode, err):
 * Replace ${path} by the index (replacement.h).  -1 and the reason in ${err}:
 * nothing has changed.
 */
int index_draft_save(const struct index_draft *draft, const char *path,
    unsigned mode, struct err *err);

#endif
