/* dnsbl_cache.c - see dnsbl_cache.h.
 *
 * A fixed number of places, four for each hash value: what does not fit
 * replaces what nobody has asked for the longest.  So a spammer who makes us ask
 * for a million names costs no more memory than anybody else, and clients that
 * come again and again stay. */
#include "checks/dnsbl_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"

enum {
	SETS = 16384,
	WAYS = 4,
	MOST_RECORDS = 16,
	MOST_TEXT = 512,
	MOST_SECONDS = 3600,
};

/* Most answers are that there is none. */
struct kept {
	size_t count;
	unsigned char octets[MOST_RECORDS][4]; /* A */
	char *texts[MOST_RECORDS];             /* TXT */
};

struct place {
	char *name;        /* NULL: free */
	struct kept *kept; /* DNS_FOUND, or NULL */
	int64_t expires, used;
	uint32_t ttl;
	enum dns_type type;
	enum dns_status status;
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
	if (place->kept != NULL)
		for (size_t i = 0; i < MOST_RECORDS; i++)
			free(place->kept->texts[i]);
	free(place->kept);
	memset(place, 0, sizeof *place);
}

static void
copy_out(
    const struct place *place, struct arena *arena, struct dns_answer *answer)
{
	const struct kept *kept = place->kept;
	struct dns_record *records;

	memset(answer, 0, sizeof *answer);
	answer->status = place->status;
	answer->ttl = place->ttl;
	if (kept == NULL)
		return;
	records = arena_alloc(arena, (kept->count + 1) * sizeof *records);
	answer->records = records;
	answer->count = kept->count;
	for (size_t i = 0; i < kept->count; i++) {
		memcpy(records[i].octets, kept->octets[i], 4);
		if (kept->texts[i] != NULL)
			records[i].name = arena_strdup(arena, kept->texts[i]);
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
		place->used = now;
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

static struct kept *
copy_in(enum dns_type type, const struct dns_answer *answer)
{
	struct kept *kept = checked(calloc(1, sizeof *kept));

	for (size_t i = 0; i < answer->count && i < MOST_RECORDS; i++) {
		const struct dns_record *record = &answer->records[i];

		kept->count = i + 1;
		if (type == DNS_A)
			memcpy(kept->octets[i], record->octets, 4);
		else
			kept->texts[i] =
			    checked(strndup(record->name, MOST_TEXT));
	}
	return kept;
}

/* The place of ${name}, or the one of its set that is needed least. */
static struct place *
place_for(const char *name, enum dns_type type, int64_t now)
{
	struct place *set = set_of(name, type), *best = &set[0];

	for (unsigned i = 0; i < WAYS; i++) {
		struct place *place = &set[i];

		if (place->name != NULL && place->type == type &&
		    strcmp(place->name, name) == 0)
			return place;
		if (place->expires <= now)
			place->used = INT64_MIN;
		if (place->used < best->used)
			best = place;
	}
	return best;
}

void
dnsbl_cache_keep(const char *name, enum dns_type type, int64_t now,
    const struct dns_answer *answer)
{
	struct place *place;
	uint32_t seconds =
	    answer->ttl < MOST_SECONDS ? answer->ttl : MOST_SECONDS;

	if (seconds == 0 ||
	    (answer->status != DNS_FOUND && answer->status != DNS_NODATA &&
		answer->status != DNS_NXDOMAIN))
		return;
	(void)pthread_mutex_lock(&lock);
	place = place_for(name, type, now);
	clear(place);
	place->name = checked(strdup(name));
	place->type = type;
	place->status = answer->status;
	place->ttl = answer->ttl;
	place->used = now;
	place->expires = now + seconds * CLOCK_SECOND;
	if (answer->status == DNS_FOUND)
		place->kept = copy_in(type, answer);
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
