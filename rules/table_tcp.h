/* table_tcp.h - a type of table. */
#ifndef RULES_TABLE_TCP_H
#define RULES_TABLE_TCP_H

#include "rules/types.h"

extern const struct table_type table_tcp;

#endif
