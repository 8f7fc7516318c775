/* writer_index.h - how postmap writes hash:, btree: and dbm: tables. */
#ifndef RULES_WRITER_INDEX_H
#define RULES_WRITER_INDEX_H

#include "rules/types.h"

extern const struct table_writer writer_index;

/* writer_index_path(source): the index of a text file; to be freed.
 * writer_index_foreign(source): what Postfix makes of it, a .db. */
char *writer_index_path(const char *source) __attribute__((returns_nonnull));
char *writer_index_foreign(const char *source) __attribute__((returns_nonnull));

#endif
