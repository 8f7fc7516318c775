/* table_regexp.h - a type of table. */
#ifndef RULES_TABLE_REGEXP_H
#define RULES_TABLE_REGEXP_H

#include "rules/types.h"

extern const struct table_type table_regexp;

#endif
