/* buf.h - a growing octet buffer. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

/* Zero-initialised: empty.  What stands in it may contain NUL. */
struct buf {
	char *data; /* NULL until written to; then data[len] == '\0' */
	size_t len;
	size_t size;
};

/* buf_put(b, data, n), buf_puts(b, s), buf_putc(b, c): append. */
void buf_put(struct buf *b, const void *data, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);

/* buf_printf(b, fmt, ...): append formatted text. */
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* buf_reserve(b, n): make room for ${n} more octets and a NUL, and return
 * where they go; buf_added() tells how many have been written there. */
char *buf_reserve(struct buf *b, size_t n) __attribute__((returns_nonnull));
void buf_added(struct buf *b, size_t n);

/* buf_drop(b, n): forget the first ${n} octets. */
void buf_drop(struct buf *b, size_t n);

/* buf_cut(b, len): forget all behind the first ${len} octets. */
void buf_cut(struct buf *b, size_t len);

/* buf_str(b): the content of ${b} as a string; "" if nothing was written. */
const char *buf_str(const struct buf *b);

/* buf_reset(b): forget the content of ${b}, keep its memory. */
void buf_reset(struct buf *b);

/* buf_free(b): release the memory of ${b} and leave it empty. */
void buf_free(struct buf *b);

#endif
