/* index_draft.c - see index_draft.h. */
#include "rules/index_draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/strmap.h"
#include "rules/index.h"
#include "rules/index_format.h"
#include "rules/replacement.h"

struct index_draft {
	struct strmap pairs; /* of struct pair; NULL: dropped */
	struct arena *arena;
};

struct pair {
	const char *value;
	unsigned line;
};

struct index_draft *
index_draft_new(void)
{
	struct index_draft *draft = calloc(1, sizeof *draft);

	if (draft == NULL)
		fatal("out of memory");
	draft->arena = arena_new();
	return draft;
}

void
index_draft_free(struct index_draft *draft)
{
	if (draft == NULL)
		return;
	strmap_free(&draft->pairs);
	arena_free(draft->arena);
	free(draft);
}

bool
index_draft_has(const struct index_draft *draft, const char *key)
{
	return strmap_find(&draft->pairs, key) != NULL;
}

void
index_draft_set(struct index_draft *draft, const char *key, const char *value,
    unsigned line)
{
	struct pair *pair = arena_alloc(draft->arena, sizeof *pair);

	pair->value = arena_strdup(draft->arena, value);
	pair->line = line;
	(void)strmap_set(&draft->pairs, key, pair);
}

bool
index_draft_drop(struct index_draft *draft, const char *key)
{
	if (strmap_find(&draft->pairs, key) == NULL)
		return false;
	(void)strmap_set(&draft->pairs, key, NULL);
	return true;
}

bool
index_draft_each(const struct index_draft *draft,
    bool (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg)
{
	const struct strmap *pairs = &draft->pairs;
	const struct pair *pair;

	for (size_t i = 0; i < pairs->count; i++) {
		pair = pairs->items[i].value;
		if (pair != NULL &&
		    !fn(arg, pairs->items[i].key, pair->value, pair->line))
			return false;
	}
	return true;
}

static void
put_record(struct buf *out, size_t start, const struct index_header *header,
    const char *key, const struct pair *pair)
{
	uint64_t offset = out->len - start;
	struct index_record *r, head = { .line = pair->line };
	size_t key_len = strlen(key), value_len = strlen(pair->value), n;

	must(key_len < UINT32_MAX && value_len < UINT32_MAX);
	head.key_len = (uint32_t)key_len;
	head.value_len = (uint32_t)value_len;
	n = (size_t)index_format_length(&head);
	r = (struct index_record *)(void *)buf_reserve(out, n);
	memset(r, 0, n);
	memcpy(r, &head, sizeof head);
	memcpy(r->text, key, key_len);
	memcpy(r->text + key_len + 1, pair->value, value_len);
	r->sum = index_format_record_sum(header, offset, r);
	buf_added(out, n);
}

static void
put_slot(struct index_bucket *buckets, uint64_t count, const char *key,
    uint64_t offset)
{
	uint64_t hash = index_format_hash(key, strlen(key));
	struct index_bucket *b;

	for (uint64_t i = 0;; i++) {
		b = &buckets[(hash + i) & (count - 1)];
		for (unsigned s = 0; s < INDEX_SLOTS; s++) {
			if (b->slots[s] != 0)
				continue;
			b->slots[s] = (hash & ~INDEX_OFFSET_MASK) | (offset);
			return;
		}
	}
}

static uint64_t
new_identity(void)
{
	uint64_t identity = 0;

	if (getrandom(&identity, sizeof identity, 0) != sizeof identity)
		fatal("getrandom: %s", err_errno(errno));
	return identity;
}

void
index_draft_print(const struct index_draft *draft, struct buf *out)
{
	const struct strmap *pairs = &draft->pairs;
	struct index_header header = { .magic = INDEX_MAGIC,
		.version = INDEX_VERSION,
		.order = INDEX_ORDER,
		.buckets = 1,
		.identity = new_identity() };
	struct index_bucket *buckets;
	size_t start = out->len, room;

	for (size_t i = 0; i < pairs->count; i++)
		header.records += pairs->items[i].value != NULL;
	while (header.buckets * (INDEX_SLOTS - 2) < header.records)
		header.buckets *= 2;
	buckets = calloc(header.buckets, sizeof *buckets);
	if (buckets == NULL)
		fatal("out of memory");
	room = (size_t)index_format_records(&header);
	memset(buf_reserve(out, room), 0, room);
	out->len += room;
	for (size_t i = 0; i < pairs->count; i++) {
		if (pairs->items[i].value == NULL)
			continue;
		must(out->len - start < INDEX_OFFSET_MASK);
		put_slot(buckets, header.buckets, pairs->items[i].key,
		    out->len - start);
		put_record(out, start, &header, pairs->items[i].key,
		    pairs->items[i].value);
	}
	for (uint64_t i = 0; i < header.buckets; i++)
		buckets[i].sum =
		    index_format_bucket_sum(&header, i, &buckets[i]);
	header.size = out->len - start;
	header.sum =
	    index_format_sum(0, &header, offsetof(struct index_header, sum));
	memcpy(out->data + start, &header, sizeof header);
	memcpy(out->data + start + sizeof header, buckets,
	    header.buckets * sizeof *buckets);
	free(buckets);
}

struct index *
index_draft_open(const struct index_draft *draft)
{
	struct buf octets = { 0 };
	struct index *index;
	struct err err = { "" };

	index_draft_print(draft, &octets);
	index = index_memory(octets.data, octets.len, &err);
	must(index != NULL);
	buf_free(&octets);
	return index;
}

int
index_draft_save(const struct index_draft *draft, const char *path,
    unsigned mode, struct err *err)
{
	struct replacement r;
	struct buf octets = { 0 };
	int result = -1;

	if (replacement_begin(&r, path, mode, err) != 0)
		return -1;
	index_draft_print(draft, &octets);
	if (replacement_write(&r, octets.data, octets.len, err) == 0)
		result = replacement_commit(&r, err);
	else
		replacement_abort(&r);
	buf_free(&octets);
	return result;
}
