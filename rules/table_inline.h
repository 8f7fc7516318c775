/* table_inline.h - a type of table. */
#ifndef RULES_TABLE_INLINE_H
#define RULES_TABLE_INLINE_H

#include "rules/types.h"

extern const struct table_type table_inline;

#endif
