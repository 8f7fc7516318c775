/* smtp_cache.h - idle connections that wait for more mail. */
#ifndef DELIVERY_SMTP_CACHE_H
#define DELIVERY_SMTP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct smtp_cache;
struct smtp_session;

struct smtp_cache *smtp_cache_new(void);

/* smtp_cache_busy(cache, key, now, span): remember a delivery to ${key} and
 * tell whether there was another one less than ${span} ago; a wrong yes is
 * possible and harmless.  Any thread. */
bool smtp_cache_busy(
    struct smtp_cache *cache, const char *key, int64_t now, int64_t span);

/* smtp_cache_put(cache, session): keep it until session->expires; it belongs
 * to the cache.  smtp_cache_take(cache, key, now): the one for ${key} that was
 * used last and still lives, or NULL; it belongs to the caller.  Any thread. */
void smtp_cache_put(struct smtp_cache *cache, struct smtp_session *session);
struct smtp_session *
smtp_cache_take(struct smtp_cache *cache, const char *key, int64_t now);

/* smtp_cache_expire(cache, now): close what has waited long enough; true:
 * others wait on. */
bool smtp_cache_expire(struct smtp_cache *cache, int64_t now);

/* smtp_cache_free(cache): take leave of all that wait, and free. */
void smtp_cache_free(struct smtp_cache *cache);

#endif
