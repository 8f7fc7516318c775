/* table_static.h - a type of table. */
#ifndef RULES_TABLE_STATIC_H
#define RULES_TABLE_STATIC_H

#include "rules/types.h"

extern const struct table_type table_static;

#endif
