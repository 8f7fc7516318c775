/* table_texthash.h - a type of table. */
#ifndef RULES_TABLE_TEXTHASH_H
#define RULES_TABLE_TEXTHASH_H

#include "rules/types.h"

extern const struct table_type table_texthash;

#endif
