/* table_cidr.h - a type of table. */
#ifndef RULES_TABLE_CIDR_H
#define RULES_TABLE_CIDR_H

#include "rules/types.h"

extern const struct table_type table_cidr;

#endif
