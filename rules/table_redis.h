/* table_redis.h - a type of table. */
#ifndef RULES_TABLE_REDIS_H
#define RULES_TABLE_REDIS_H

#include "rules/types.h"

extern const struct table_type table_redis;

#endif
