/* writer_cdb.h - how postmap(1) writes cdb:/path. */
#ifndef RULES_WRITER_CDB_H
#define RULES_WRITER_CDB_H

#include "rules/types.h"

/* writer_cdb_path(source): the file of a text file; to be freed. */
char *writer_cdb_path(const char *source) __attribute__((returns_nonnull));

extern const struct table_writer writer_cdb;

#endif
