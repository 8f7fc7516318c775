/* utf8.h - well-formed UTF-8 (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>

/* utf8_length(p): octets of the character at ${p} (1 for NUL); 0: none. */
unsigned utf8_length(const char *p);

/* utf8_is_ascii(text): no octet of it has the highest bit. */
bool utf8_is_ascii(const char *text);

/* utf8_valid(text): nothing but characters. */
bool utf8_valid(const char *text);

#endif
