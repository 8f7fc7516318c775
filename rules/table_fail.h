/* table_fail.h - a type of table. */
#ifndef RULES_TABLE_FAIL_H
#define RULES_TABLE_FAIL_H

#include "rules/types.h"

extern const struct table_type table_fail;

#endif
