/* index.c - see index.h.  Reading. */
#include "rules/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "rules/index_format.h"

struct index {
	int fd;     /* or -1: */
	char *data; /* in memory */
	struct index_header header;
	struct index_bucket *kept; /* all of them; NULL: too many */
};

enum {
	FIRST_READ = 512, /* of a record; most are smaller */
	MOST_KEPT = 4 * 1024 * 1024,
};

/* Up to ${n} octets at ${offset}: how many there are; -1: cannot be read. */
static ssize_t
get_some(const struct index *index, uint64_t offset, void *to, size_t n)
{
	size_t done = 0;
	ssize_t r;

	if (offset > index->header.size)
		return -1;
	if (n > index->header.size - offset)
		n = (size_t)(index->header.size - offset);
	if (index->fd < 0) {
		memcpy(to, index->data + offset, n);
		return (ssize_t)n;
	}
	while (done < n) {
		r = pread(index->fd, (char *)to + done, n - done,
		    (off_t)(offset + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		done += (size_t)r;
	}
	return (ssize_t)n;
}

static bool
get(const struct index *index, uint64_t offset, void *to, size_t n)
{
	return get_some(index, offset, to, n) == (ssize_t)n;
}

static int
check_header(const struct index_header *h, uint64_t size, struct err *err)
{
	const char *why = NULL;

	if (memcmp(h->magic, INDEX_MAGIC, sizeof h->magic) != 0)
		why = "not an index";
	else if (h->version != INDEX_VERSION || h->order != INDEX_ORDER)
		why = "an index of another version or machine";
	else if (h->sum !=
		index_format_sum(0, h, offsetof(struct index_header, sum)) ||
	    h->buckets == 0 || (h->buckets & (h->buckets - 1)) != 0 ||
	    h->buckets > h->size / sizeof(struct index_bucket) ||
	    index_format_records(h) > h->size)
		why = "its header is damaged";
	else if (h->size != size)
		why = "cut short";
	if (why == NULL)
		return 0;
	err_set(err, "%s", why);
	return -1;
}

/* Most keys that are asked for stand in no table, so that a look-up ends with a
 * bucket: what they take is little, and saves a call each. */
static void
keep_buckets(struct index *index)
{
	uint64_t size = index->header.buckets * sizeof *index->kept;

	if (size > MOST_KEPT)
		return;
	index->kept = malloc((size_t)size);
	if (index->kept == NULL)
		fatal("out of memory");
	if (get(index, index_format_bucket(0), index->kept, (size_t)size))
		return;
	free(index->kept);
	index->kept = NULL;
}

static struct index *
index_new(void)
{
	struct index *index = calloc(1, sizeof *index);

	if (index == NULL)
		fatal("out of memory");
	index->fd = -1;
	return index;
}

struct index *
index_memory(const void *data, size_t len, struct err *err)
{
	struct index *index = index_new();

	if (len < sizeof index->header) {
		err_set(err, "cut short");
		goto failed;
	}
	memcpy(&index->header, data, sizeof index->header);
	if (check_header(&index->header, len, err) != 0)
		goto failed;
	index->data = malloc(len);
	if (index->data == NULL)
		fatal("out of memory");
	memcpy(index->data, data, len);
	return index;

failed:
	index_close(index);
	return NULL;
}

struct index *
index_open(const char *path, struct stat *st, struct err *err)
{
	struct index *index = index_new();
	struct stat own;
	ssize_t n;

	if (st == NULL)
		st = &own;
	index->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (index->fd < 0 || fstat(index->fd, st) != 0) {
		err_set(err, "open database %s: %s", path, err_errno(errno));
		goto failed;
	}
	if (!S_ISREG(st->st_mode)) {
		err_set(err, "open database %s: not a file", path);
		goto failed;
	}
	n = pread(index->fd, &index->header, sizeof index->header, 0);
	if (n < 0) {
		err_set(err, "open database %s: %s", path, err_errno(errno));
		goto failed;
	}
	if (n < (ssize_t)sizeof index->header)
		err_set(err, "cut short");
	else if (check_header(&index->header, (uint64_t)st->st_size, err) ==
	    0) {
		keep_buckets(index);
		return index;
	}
	err_add(err, "open database %s", path);

failed:
	index_close(index);
	return NULL;
}

void
index_close(struct index *index)
{
	if (index == NULL)
		return;
	if (index->fd >= 0)
		(void)close(index->fd);
	free(index->data);
	free(index->kept);
	free(index);
}

/*
 * The record at ${offset}, checked: its octets in ${small} (FIRST_READ of
 * them) or ${arena}; NULL: damaged.
 */
static const struct index_record *
read_record(const struct index *index, uint64_t offset, void *small,
    struct arena *arena)
{
	const struct index_header *h = &index->header;
	struct index_record *r = small;
	uint64_t total;
	ssize_t n = get_some(index, offset, small, FIRST_READ);

	if (n < (ssize_t)sizeof *r || offset < index_format_records(h))
		return NULL;
	total = index_format_length(r);
	if (total > h->size - offset)
		return NULL;
	if (total > (uint64_t)n) {
		r = arena_alloc(arena, (size_t)total);
		if (!get(index, offset, r, (size_t)total) ||
		    index_format_length(r) != total)
			return NULL;
	}
	if (r->sum != index_format_record_sum(h, offset, r))
		return NULL;
	return r;
}

/* Bucket ${number}, checked: one that is kept, or ${own}; NULL: damaged. */
static const struct index_bucket *
read_bucket(
    const struct index *index, uint64_t number, struct index_bucket *own)
{
	const struct index_bucket *bucket = own;

	if (index->kept != NULL)
		bucket = &index->kept[number];
	else if (!get(index, index_format_bucket(number), own, sizeof *own))
		return NULL;
	if (bucket->sum !=
	    index_format_bucket_sum(&index->header, number, bucket))
		return NULL;
	return bucket;
}

static enum table_status
damaged(struct table_value *value)
{
	value->text = "the index is damaged";
	return TABLE_FAILED;
}

enum table_status
index_find(const struct index *index, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct index_header *h = &index->header;
	size_t len = strlen(key);
	uint64_t hash = index_format_hash(key, len), number, slot;
	alignas(8) char small[FIRST_READ];
	struct index_bucket own;
	const struct index_bucket *bucket;
	const struct index_record *r;

	for (uint64_t i = 0; i < h->buckets; i++) {
		number = (hash + i) & (h->buckets - 1);
		bucket = read_bucket(index, number, &own);
		if (bucket == NULL)
			return damaged(value);
		for (unsigned s = 0; s < INDEX_SLOTS; s++) {
			slot = bucket->slots[s];
			if (slot == 0)
				return TABLE_NONE;
			if (slot >> INDEX_OFFSET_BITS !=
			    hash >> INDEX_OFFSET_BITS)
				continue;
			r = read_record(
			    index, slot & INDEX_OFFSET_MASK, small, arena);
			if (r == NULL)
				return damaged(value);
			if (r->key_len != len || memcmp(r->text, key, len) != 0)
				continue;
			value->text = arena_strndup(
			    arena, r->text + len + 1, r->value_len);
			value->line = r->line;
			return TABLE_FOUND;
		}
	}
	return TABLE_NONE;
}

int
index_each(const struct index *index,
    void (*fn)(void *arg, const char *key, const char *value, unsigned line),
    void *arg, struct err *err)
{
	const struct index_header *h = &index->header;
	struct arena *arena = arena_new();
	alignas(8) char small[FIRST_READ];
	const struct index_record *r;
	uint64_t offset = index_format_records(h);

	while (offset < h->size) {
		r = read_record(index, offset, small, arena);
		if (r == NULL)
			break;
		fn(arg, r->text, r->text + r->key_len + 1, r->line);
		offset += index_format_length(r);
		arena_reset(arena);
	}
	arena_free(arena);
	if (offset == h->size)
		return 0;
	err_set(err, "the index is damaged");
	return -1;
}
