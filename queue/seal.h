/* seal.h - 64 bits that show whether stored octets are what was written. */
#ifndef QUEUE_SEAL_H
#define QUEUE_SEAL_H

#include <stddef.h>
#include <stdint.h>

/* seal(seed, data, n): the seal of ${n} octets, begun with ${seed} (0, or the
 * seal of what stands before them).  Any change within eight neighbouring
 * octets gives another seal for certain, any other change but for one in
 * 2^64.  Against accidents, not against forgers. */
uint64_t seal(uint64_t seed, const void *data, size_t n);

#endif
