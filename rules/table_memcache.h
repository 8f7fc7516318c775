/* table_memcache.h - a type of table. */
#ifndef RULES_TABLE_MEMCACHE_H
#define RULES_TABLE_MEMCACHE_H

#include "rules/types.h"

extern const struct table_type table_memcache;

#endif
