/* escape.h - what a client has sent, for the log. */
#ifndef PROXY_ESCAPE_H
#define PROXY_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* escape_text(arena, text, n): ${n} octets with control and 8-bit octets in C
 * notation, as Postfix logs them. */
char *escape_text(struct arena *arena, const char *text, size_t n)
    __attribute__((returns_nonnull));

/* escape_utf8(text, n): it is well-formed UTF-8. */
bool escape_utf8(const char *text, size_t n);

/* escape_utf8_length(text, n): octets of the character there; 0: it is not
 * UTF-8. */
size_t escape_utf8_length(const char *text, size_t n);

#endif
