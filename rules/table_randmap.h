/* table_randmap.h - a type of table. */
#ifndef RULES_TABLE_RANDMAP_H
#define RULES_TABLE_RANDMAP_H

#include "rules/types.h"

extern const struct table_type table_randmap;

#endif
