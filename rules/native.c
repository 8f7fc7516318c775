/* native.c - see native.h. */
#include "rules/native.h"

#include <string.h>

uint16_t
native_16(const unsigned char *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

uint32_t
native_32(const unsigned char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

uint64_t
native_64(const unsigned char *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof n);
	return n;
}
