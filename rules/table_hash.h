/* table_hash.h - three names of one type of table. */
#ifndef RULES_TABLE_HASH_H
#define RULES_TABLE_HASH_H

#include "rules/types.h"

extern const struct table_type table_hash, table_hash_btree, table_hash_dbm;

#endif
