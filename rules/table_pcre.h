/* table_pcre.h - a type of table. */
#ifndef RULES_TABLE_PCRE_H
#define RULES_TABLE_PCRE_H

#include "rules/types.h"

extern const struct table_type table_pcre;

#endif
