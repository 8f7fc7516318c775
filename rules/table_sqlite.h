/* table_sqlite.h - a type of table. */
#ifndef RULES_TABLE_SQLITE_H
#define RULES_TABLE_SQLITE_H

#include "rules/types.h"

extern const struct table_type table_sqlite;

#endif
