/* dnsbl_cache.c - see dnsbl_cache.h.
 *
 * A fixed number of places, four for each hash value: what does not fit
 * replaces what would expire first.  So a spammer who makes us ask for a
 * million names costs no more memory than anybody else. */
#include "checks/dnsbl_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"

enum {
	SETS = 2048,
	WAYS = 4,
	MOST_RECORDS = 16,
	MOST_TEXT = 512,
	MOST_SECONDS = 3600,
};

struct place {
	char *name; /* NULL: free */
	enum dns_type type;
	enum dns_status status;
	int64_t expires;
	uint32_t ttl;
	size_t count;
	unsigned char octets[MOST_RECORDS][4]; /* A */
	char *texts[MOST_RECORDS];             /* TXT */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct place places[SETS][WAYS];

static struct place *
set_of(const char *name, enum dns_type type)
{
	uint32_t hash = 2166136261U ^ (uint32_t)type; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return places[hash % SETS];
}

static void
clear(struct place *place)
{
	free(place->name);
	for (size_t i = 0; i < MOST_RECORDS; i++)
		free(place->texts[i]);
	memset(place, 0, sizeof *place);
}

static void
copy_out(
    const struct place *place, struct arena *arena, struct dns_answer *answer)
{
	struct dns_record *records =
	    arena_alloc(arena, (place->count + 1) * sizeof *records);

	memset(answer, 0, sizeof *answer);
	answer->status = place->status;
	answer->ttl = place->ttl;
	answer->records = records;
	answer->count = place->count;
	for (size_t i = 0; i < place->count; i++) {
		memcpy(records[i].octets, place->octets[i], 4);
		if (place->texts[i] != NULL)
			records[i].name = arena_strdup(arena, place->texts[i]);
	}
}

bool
dnsbl_cache_find(const char *name, enum dns_type type, int64_t now,
    struct arena *arena, struct dns_answer *answer)
{
	struct place *set = set_of(name, type);
	bool found = false;

	(void)pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < WAYS && !found; i++) {
		struct place *place = &set[i];

		if (place->name == NULL || place->type != type ||
		    place->expires <= now || strcmp(place->name, name) != 0)
			continue;
		copy_out(place, arena, answer);
		found = true;
	}
	(void)pthread_mutex_unlock(&lock);
	return found;
}

static void *
checked(void *memory)
{
	if (memory == NULL)
		fatal("out of memory");
	return memory;
}

static void
copy_in(struct place *place, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->count && i < MOST_RECORDS; i++) {
		const struct dns_record *record = &answer->records[i];

		place->count = i + 1;
		if (place->type == DNS_A)
			memcpy(place->octets[i], record->octets, 4);
		else
			place->texts[i] =
			    checked(strndup(record->name, MOST_TEXT));
	}
}

void
dnsbl_cache_keep(const char *name, enum dns_type type, int64_t now,
    const struct dns_answer *answer)
{
	struct place *set = set_of(name, type), *place = &set[0];
	uint32_t seconds =
	    answer->ttl < MOST_SECONDS ? answer->ttl : MOST_SECONDS;

	if (seconds == 0 ||
	    (answer->status != DNS_FOUND && answer->status != DNS_NODATA &&
		answer->status != DNS_NXDOMAIN))
		return;
	(void)pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].name != NULL && set[i].type == type &&
		    strcmp(set[i].name, name) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].name == NULL || set[i].expires < place->expires)
			place = &set[i];
	}
	clear(place);
	place->name = checked(strdup(name));
	place->type = type;
	place->status = answer->status;
	place->ttl = answer->ttl;
	place->expires = now + seconds * CLOCK_SECOND;
	if (answer->status == DNS_FOUND)
		copy_in(place, answer);
	(void)pthread_mutex_unlock(&lock);
}

void
dnsbl_cache_flush(void)
{
	(void)pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < SETS; i++)
		for (unsigned j = 0; j < WAYS; j++)
			clear(&places[i][j]);
	(void)pthread_mutex_unlock(&lock);
}
