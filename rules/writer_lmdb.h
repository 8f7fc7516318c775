/* writer_lmdb.h - how postmap writes lmdb: tables. */
#ifndef RULES_WRITER_LMDB_H
#define RULES_WRITER_LMDB_H

#include "rules/types.h"

extern const struct table_writer writer_lmdb;

/* writer_lmdb_path(source): the LMDB file of a text file; to be freed. */
char *writer_lmdb_path(const char *source) __attribute__((returns_nonnull));

#endif
