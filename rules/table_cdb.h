/* table_cdb.h - a type of table. */
#ifndef RULES_TABLE_CDB_H
#define RULES_TABLE_CDB_H

#include "rules/types.h"

extern const struct table_type table_cdb;

#endif
