/* own_limit.h - parameters whose names begin with that of a service. */
#ifndef DELIVERY_OWN_LIMIT_H
#define DELIVERY_OWN_LIMIT_H

#include <stdint.h>

struct arena;
struct conf;

/* own_limit_text(conf, service, what, arena): the value of <service>_<what>, or
 * NULL: nobody defines it. */
const char *own_limit_text(struct conf *conf, const char *service,
    const char *what, struct arena *arena);

/* own_limit_time(conf, service, arena, limit): <service>_time_limit, or
 * command_time_limit.  NULL, or the value that is no time. */
const char *own_limit_time(struct conf *conf, const char *service,
    struct arena *arena, int64_t *limit);

#endif
