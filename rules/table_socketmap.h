/* table_socketmap.h - a type of table. */
#ifndef RULES_TABLE_SOCKETMAP_H
#define RULES_TABLE_SOCKETMAP_H

#include "rules/types.h"

extern const struct table_type table_socketmap;

#endif
