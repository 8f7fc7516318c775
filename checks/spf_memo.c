/* spf_memo.c - see spf_memo.h. */
#include "checks/spf_memo.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fatal.h"

/* More than there are messages whose envelopes are being told at once. */
enum { SLOTS = 1024 };

struct slot {
	char *key; /* NULL: nothing is here */
	char *helo_why, *mail_why;
	struct spf_found found;
};

struct spf_memo {
	pthread_mutex_t lock;
	struct slot slots[SLOTS];
};

static char *
copy(const char *text)
{
	char *s = strdup(text != NULL ? text : "");

	if (s == NULL)
		fatal("out of memory");
	return s;
}

static void
clear(struct slot *slot)
{
	free(slot->key);
	free(slot->helo_why);
	free(slot->mail_why);
	*slot = (struct slot){ 0 };
}

struct spf_memo *
spf_memo_new(void)
{
	struct spf_memo *memo = calloc(1, sizeof *memo);

	if (memo == NULL)
		fatal("out of memory");
	(void)pthread_mutex_init(&memo->lock, NULL);
	return memo;
}

void
spf_memo_free(struct spf_memo *memo)
{
	if (memo == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		clear(&memo->slots[i]);
	(void)pthread_mutex_destroy(&memo->lock);
	free(memo);
}

/* Each message has one place, and takes it from whoever was there. */
static struct slot *
slot_of(struct spf_memo *memo, const char *key)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * UINT64_C(1099511628211);
	return &memo->slots[(hash ^ hash >> 32) % SLOTS];
}

void
spf_memo_find(struct spf_memo *memo, struct arena *arena, const char *key,
    struct spf_found *found)
{
	const struct slot *slot;

	*found = (struct spf_found){ 0 };
	if (memo == NULL)
		return;
	(void)pthread_mutex_lock(&memo->lock);
	slot = slot_of(memo, key);
	if (slot->key != NULL && strcmp(slot->key, key) == 0) {
		*found = slot->found;
		found->helo.why = arena_strdup(arena, slot->helo_why);
		found->mail.why = arena_strdup(arena, slot->mail_why);
	}
	(void)pthread_mutex_unlock(&memo->lock);
}

void
spf_memo_keep(
    struct spf_memo *memo, const char *key, const struct spf_found *found)
{
	struct slot *slot;

	if (memo == NULL)
		return;
	(void)pthread_mutex_lock(&memo->lock);
	slot = slot_of(memo, key);
	clear(slot);
	slot->key = copy(key);
	slot->helo_why = copy(found->helo.why);
	slot->mail_why = copy(found->mail.why);
	slot->found = *found;
	(void)pthread_mutex_unlock(&memo->lock);
}
