/* memory_redis.h - decisions with memory (rules/memory.h) on a Redis server, for
 * gateways that share what they remember. */
#ifndef CHECKS_MEMORY_REDIS_H
#define CHECKS_MEMORY_REDIS_H

#include <stdint.h>

#include "rules/memory.h"

struct arena;
struct conf;
struct err;
struct memory_redis;

/* memory_redis_open(spec, conf, err): "redis:/path/x.cf" or "redis:name", with
 * parameters as a table of that type has them (redis_server.h), of which timeout
 * is one second unless set, and prefix, "weir:" unless set.  No connection is
 * made yet.  NULL and the reason. */
struct memory_redis *
memory_redis_open(const char *spec, struct conf *conf, struct err *err);
void memory_redis_close(struct memory_redis *memory);

/* memory_redis_decide(memory, arena, question, now, results, why): one script and
 * one round trip; exact among all that ask that server.  0; or -1 and the reason:
 * no server has answered in time, so that it may or may not have been done.
 * Blocks as redis_server_ask() does; any thread. */
int memory_redis_decide(struct memory_redis *memory, struct arena *arena,
    const struct memory_question *question, int64_t now,
    int64_t results[MEMORY_RESULTS], const char **why);

/* memory_redis_each(memory, map, fn, arg, err): call ${fn} for all that is in
 * ${map}, in no order; what comes or goes meanwhile may be missing, or told
 * twice.  0, or -1 and the reason. */
int memory_redis_each(struct memory_redis *memory, const char *map,
    void (*fn)(void *arg, const struct memory_entry *entry), void *arg,
    struct err *err);

/* memory_redis_forget(memory, map, key, err): 1, 0: it was not there, or -1 and
 * the reason. */
int memory_redis_forget(struct memory_redis *memory, const char *map,
    const char *key, struct err *err);

#endif
