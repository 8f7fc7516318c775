/* table_unionmap.h - a type of table. */
#ifndef RULES_TABLE_UNIONMAP_H
#define RULES_TABLE_UNIONMAP_H

#include "rules/types.h"

extern const struct table_type table_unionmap;

#endif
