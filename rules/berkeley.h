/* berkeley.h - Postfix's hash: and btree: files, /path.db, for where there is
 * nothing else.
 *
 * They are read by ourselves, not by Berkeley DB's library, which does not
 * survive what may be wrong with a file, even if it is asked to verify one, and
 * leaks then. */
#ifndef RULES_BERKELEY_H
#define RULES_BERKELEY_H

#include <stddef.h>

struct err;
struct index_draft;
struct stat;

/*
 * berkeley_read(path, draft, st, err):
 * Add what the file ${path} holds to ${draft}, under Postfix's lock; its status
 * goes to *st.  Waits for a writer, up to five seconds.  -1 and the reason: the
 * file cannot be opened, is damaged, or locked; ${draft} is of no use then.
 * Any thread.
 */
int berkeley_read(const char *path, struct index_draft *draft, struct stat *st,
    struct err *err);

/* berkeley_take(octets, size, draft): the same of a file in memory; NULL, or
 * what is wrong with it. */
const char *
berkeley_take(const void *octets, size_t size, struct index_draft *draft);

#endif
