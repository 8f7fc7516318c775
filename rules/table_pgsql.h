/* table_pgsql.h - pgsql:/path, a PostgreSQL database. */
#ifndef RULES_TABLE_PGSQL_H
#define RULES_TABLE_PGSQL_H

#include "rules/types.h"

extern const struct table_type table_pgsql;

#endif
