/* table_unix.h - a type of table. */
#ifndef RULES_TABLE_UNIX_H
#define RULES_TABLE_UNIX_H

#include "rules/types.h"

extern const struct table_type table_unix;

#endif
