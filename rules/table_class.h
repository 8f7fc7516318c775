/* table_class.h - a type of table. */
#ifndef RULES_TABLE_CLASS_H
#define RULES_TABLE_CLASS_H

#include "rules/types.h"

extern const struct table_type table_class;

#endif
