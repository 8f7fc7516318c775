/* arena.h - memory that is given back all at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/*
 * arena_new():
 * Make an empty arena.  It belongs to one thread at a time.  Allocation never
 * returns NULL: what an outsider can make us allocate is bounded by the caller
 * with arena_used() before it allocates.
 */
struct arena *arena_new(void) __attribute__((returns_nonnull));

/* arena_free(a): give back ${a} and all that was allocated from it. */
void arena_free(struct arena *a);

/* arena_reset(a): give back all that was allocated from ${a}.  Debug builds
 * have one malloc per object, so that a sanitizer sees a late use. */
void arena_reset(struct arena *a);

/* arena_used(a): octets handed out since ${a} was made or reset. */
size_t arena_used(const struct arena *a);

/* arena_alloc(a, size): ${size} zeroed octets, aligned for any type. */
void *
arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));

/* arena_strdup(a, s), arena_strndup(a, s, n): a copy of ${s}, or of its first
 * ${n} octets (which may contain NUL; one NUL is added behind them). */
char *
arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *a, const char *s, size_t n)
    __attribute__((returns_nonnull));

/* arena_lower(a, s): a copy of ${s} with A-Z made small. */
char *
arena_lower(struct arena *a, const char *s) __attribute__((returns_nonnull));

/* arena_printf(a, fmt, ...), arena_vprintf(a, fmt, ap): a formatted string. */
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0), returns_nonnull));

#endif
