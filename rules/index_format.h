/* index_format.h - the octets of an index; for index.c and index_draft.c. */
#ifndef RULES_INDEX_FORMAT_H
#define RULES_INDEX_FORMAT_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_MAGIC "weiridx\n"

enum {
	INDEX_VERSION = 1,
	INDEX_ORDER = 0x01020304, /* files are not carried between machines */
	INDEX_SLOTS = 7,
	INDEX_OFFSET_BITS = 40,
};
#define INDEX_OFFSET_MASK ((UINT64_C(1) << INDEX_OFFSET_BITS) - 1)

struct index_header {
	char magic[8];
	uint32_t version, order;
	uint64_t size; /* of the file */
	uint64_t records;
	uint64_t buckets;  /* a power of two */
	uint64_t identity; /* of this file; goes into every checksum */
	uint64_t spare;
	uint64_t sum; /* of what stands before it */
};

/* The slots are filled from the first one on; a full bucket overflows into
 * the next. */
struct index_bucket {
	uint64_t sum;
	uint64_t slots[INDEX_SLOTS];
};

struct index_record {
	uint64_t sum;
	uint32_t key_len, value_len, line, spare;
	char text[]; /* key, NUL, value, NUL; the whole filled up to 8 */
};

_Static_assert(sizeof(struct index_header) == 64, "as documented");
_Static_assert(sizeof(struct index_bucket) == 64, "as documented");
_Static_assert(sizeof(struct index_record) == 24, "no padding");

/* index_format_sum(seed, data, n): a checksum; index_format_hash(): the hash
 * of a key. */
uint64_t index_format_sum(uint64_t seed, const void *data, size_t n);
uint64_t index_format_hash(const char *key, size_t len);

/* Where bucket ${number}, and the first record, stand. */
uint64_t index_format_bucket(uint64_t number);
uint64_t index_format_records(const struct index_header *header);

/* index_format_length(record): octets that the whole record takes. */
uint64_t index_format_length(const struct index_record *record);

uint64_t index_format_bucket_sum(const struct index_header *header,
    uint64_t number, const struct index_bucket *bucket);
uint64_t index_format_record_sum(const struct index_header *header,
    uint64_t offset, const struct index_record *record);

#endif
