/* smtp_cache.c - see smtp_cache.h. */
#include "delivery/smtp_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"
#include "base/stream.h"
#include "delivery/smtp_session.h"

enum { SLOTS = 1024 };

struct smtp_cache {
	pthread_mutex_t lock; /* guards list */
	struct smtp_session *list;
	/* When a destination was last delivered to, by the hash of its key. */
	_Atomic int64_t last[SLOTS];
};

struct smtp_cache *
smtp_cache_new(void)
{
	struct smtp_cache *cache = calloc(1, sizeof *cache);

	if (cache == NULL)
		fatal("out of memory");
	(void)pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

bool
smtp_cache_busy(
    struct smtp_cache *cache, const char *key, int64_t now, int64_t span)
{
	unsigned hash = 5381;
	int64_t before;

	for (; *key != '\0'; key++)
		hash = hash * 33 + (unsigned char)*key;
	before = atomic_exchange(&cache->last[hash % SLOTS], now);
	return before != 0 && now - before < span;
}

void
smtp_cache_put(struct smtp_cache *cache, struct smtp_session *session)
{
	(void)pthread_mutex_lock(&cache->lock);
	session->next = cache->list;
	cache->list = session;
	(void)pthread_mutex_unlock(&cache->lock);
}

static struct smtp_session *
unlink_key(struct smtp_cache *cache, const char *key)
{
	struct smtp_session **at, *found;

	(void)pthread_mutex_lock(&cache->lock);
	for (at = &cache->list; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->key, key) == 0)
			break;
	found = *at;
	if (found != NULL)
		*at = found->next;
	(void)pthread_mutex_unlock(&cache->lock);
	return found;
}

struct smtp_session *
smtp_cache_take(struct smtp_cache *cache, const char *key, int64_t now)
{
	struct smtp_session *s;

	while ((s = unlink_key(cache, key)) != NULL) {
		if (s->expires > now && stream_alive(s->stream))
			return s;
		smtp_session_close(s);
	}
	return NULL;
}

bool
smtp_cache_expire(struct smtp_cache *cache, int64_t now)
{
	struct smtp_session **at, *s, *old = NULL;
	bool more;

	(void)pthread_mutex_lock(&cache->lock);
	for (at = &cache->list; (s = *at) != NULL;) {
		if (s->expires > now) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		s->next = old;
		old = s;
	}
	more = cache->list != NULL;
	(void)pthread_mutex_unlock(&cache->lock);
	while ((s = old) != NULL) {
		old = s->next;
		smtp_session_quit(s, false);
		smtp_session_close(s);
	}
	return more;
}

void
smtp_cache_free(struct smtp_cache *cache)
{
	(void)smtp_cache_expire(cache, INT64_MAX);
	(void)pthread_mutex_destroy(&cache->lock);
	free(cache);
}
