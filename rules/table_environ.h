/* table_environ.h - a type of table. */
#ifndef RULES_TABLE_ENVIRON_H
#define RULES_TABLE_ENVIRON_H

#include "rules/types.h"

extern const struct table_type table_environ;

#endif
