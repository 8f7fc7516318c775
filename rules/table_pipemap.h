/* table_pipemap.h - a type of table. */
#ifndef RULES_TABLE_PIPEMAP_H
#define RULES_TABLE_PIPEMAP_H

#include "rules/types.h"

extern const struct table_type table_pipemap;

#endif
