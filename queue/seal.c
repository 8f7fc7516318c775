/* seal.c - see seal.h. */
#include "queue/seal.h"

#include <endian.h>
#include <string.h>

#define SEAL_ODD UINT64_C(0x9e3779b97f4a7c15)
#define SEAL_MIX UINT64_C(0xbf58476d1ce4e5b9)

/* A step can be undone for a known word, so two states that differ stay
 * different until the words differ again. */
static uint64_t
step(uint64_t state, uint64_t word)
{
	state = (state ^ word) * SEAL_ODD;
	return state << 29 | state >> 35;
}

uint64_t
seal(uint64_t seed, const void *data, size_t n)
{
	const char *p = data;
	uint64_t state = step(seed ^ SEAL_MIX, n), word;

	for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		state = step(state, le64toh(word));
	}
	word = 0;
	if (n > 0)
		memcpy(&word, p, n);
	state = step(state, le64toh(word));
	state = (state ^ state >> 31) * SEAL_MIX;
	return state ^ state >> 30;
}
