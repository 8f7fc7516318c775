/* table_lmdb.h - a type of table. */
#ifndef RULES_TABLE_LMDB_H
#define RULES_TABLE_LMDB_H

#include "rules/types.h"

extern const struct table_type table_lmdb;

#endif
