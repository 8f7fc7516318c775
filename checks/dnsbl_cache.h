/* dnsbl_cache.h - what DNS lists have answered, for as long as they said it
 * may be kept; shared by all sessions of the process. */
#ifndef CHECKS_DNSBL_CACHE_H
#define CHECKS_DNSBL_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dns.h"

struct arena;

/* dnsbl_cache_find(name, type, now, arena, answer): true and a copy in
 * ${arena}, if an answer is kept and has not expired at ${now} (mono). */
bool dnsbl_cache_find(const char *name, enum dns_type type, int64_t now,
    struct arena *arena, struct dns_answer *answer);

/* dnsbl_cache_keep(name, type, now, answer): keep a copy of A or TXT records,
 * or that there are none.  What could not be asked is not kept. */
void dnsbl_cache_keep(const char *name, enum dns_type type, int64_t now,
    const struct dns_answer *answer);

/* dnsbl_cache_flush(): forget all. */
void dnsbl_cache_flush(void);

#endif
