/* index_format.c - see index_format.h. */
#include "rules/index_format.h"

#include <string.h>

/* A multiplicative hash of eight octets at a time: good against damage, not
 * against forgers, who would rather write the text file. */
uint64_t
index_format_sum(uint64_t seed, const void *data, size_t n)
{
	const char *p = data;
	uint64_t h = seed ^ (n * UINT64_C(0x9e3779b97f4a7c15)), word;

	while (n > 0) {
		size_t piece = n < sizeof word ? n : sizeof word;

		word = 0;
		memcpy(&word, p, piece);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
		p += piece;
		n -= piece;
	}
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ (h >> 29);
}

uint64_t
index_format_hash(const char *key, size_t len)
{
	return index_format_sum(UINT64_C(0x5851f42d4c957f2d), key, len);
}

uint64_t
index_format_bucket(uint64_t number)
{
	return sizeof(struct index_header) +
	    number * sizeof(struct index_bucket);
}

uint64_t
index_format_records(const struct index_header *header)
{
	return index_format_bucket(header->buckets);
}

uint64_t
index_format_length(const struct index_record *record)
{
	uint64_t n = sizeof *record + (uint64_t)record->key_len + 1 +
	    record->value_len + 1;

	return (n + 7) & ~UINT64_C(7);
}

uint64_t
index_format_bucket_sum(const struct index_header *header, uint64_t number,
    const struct index_bucket *bucket)
{
	return index_format_sum(
	    header->identity + number, bucket->slots, sizeof bucket->slots);
}

uint64_t
index_format_record_sum(const struct index_header *header, uint64_t offset,
    const struct index_record *record)
{
	size_t head = offsetof(struct index_record, key_len);

	return index_format_sum(header->identity ^ offset,
	    (const char *)record + head,
	    (size_t)index_format_length(record) - head);
}
