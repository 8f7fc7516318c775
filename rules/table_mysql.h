/* table_mysql.h - mysql:/path, a MySQL or MariaDB database. */
#ifndef RULES_TABLE_MYSQL_H
#define RULES_TABLE_MYSQL_H

#include "rules/types.h"

extern const struct table_type table_mysql;

#endif
