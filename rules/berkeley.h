/* berkeley.h - Postfix's hash: and btree: files, /path.db, for where there is
 * nothing else: through Berkeley DB's library, if it is installed. */
#ifndef RULES_BERKELEY_H
#define RULES_BERKELEY_H

struct err;
struct index_draft;
struct stat;

/*
 * berkeley_read(path, draft, st, err):
 * Add what the file ${path} holds to ${draft}, under Postfix's lock; its status
 * goes to *st.  The file is verified before it is read: the library does not
 * survive all that may be wrong with one.  Waits for a writer, up to five
 * seconds.  -1 and the reason: the library is not installed, the file cannot be
 * opened, is damaged, or locked; ${draft} is of no use then.  Any thread.
 */
int berkeley_read(const char *path, struct index_draft *draft, struct stat *st,
    struct err *err);

#endif
