/* native.h - numbers in files that are written in the machine's own octet
 * order, wherever they stand. */
#ifndef RULES_NATIVE_H
#define RULES_NATIVE_H

#include <stdint.h>

uint16_t native_16(const unsigned char *p);
uint32_t native_32(const unsigned char *p);
uint64_t native_64(const unsigned char *p);

#endif
