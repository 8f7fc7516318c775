/* table_nis.h - a type of table. */
#ifndef RULES_TABLE_NIS_H
#define RULES_TABLE_NIS_H

#include "rules/types.h"

extern const struct table_type table_nis;

#endif
