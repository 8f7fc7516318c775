/* arena.c - see arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"

#if defined(__SANITIZE_ADDRESS__)
enum { ONE_EACH = 1 };
#else
enum { ONE_EACH = 0 };
#endif

enum { FIRST = 512, LARGEST = 32 * 1024 };

struct block {
	struct block *next;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *blocks;
	char *free;  /* where the newest block has room */
	size_t left; /* how much room */
	size_t next_size;
	size_t used;
};

struct arena *
arena_new(void)
{
	struct arena *a = calloc(1, sizeof *a);

	if (a == NULL)
		fatal("out of memory");
	a->next_size = FIRST;
	return a;
}

void
arena_reset(struct arena *a)
{
	struct block *b, *next;

	for (b = a->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ .next_size = FIRST };
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a);
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}

static char *
new_block(struct arena *a, size_t size)
{
	struct block *b;

	if (size > SIZE_MAX / 2 || (b = malloc(sizeof *b + size)) == NULL)
		fatal("out of memory");
	b->next = a->blocks;
	a->blocks = b;
	return b->data;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size_t whole;
	char *p;

	must(size < SIZE_MAX / 4);
	size += size == 0;
	whole = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	a->used += whole;
	if (ONE_EACH || whole > a->next_size / 2) {
		/* The block that has room stays the one to use. */
		p = new_block(a, ONE_EACH ? size : whole);
		return memset(p, 0, size);
	}
	if (whole > a->left) {
		a->free = new_block(a, a->next_size);
		a->left = a->next_size;
		if (a->next_size < LARGEST)
			a->next_size *= 2;
	}
	p = a->free;
	a->free += whole;
	a->left -= whole;
	return memset(p, 0, size);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(p, s, n);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_lower(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	for (char *p = copy; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return copy;
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char small[256], *p;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof small, fmt, ap);
	must(n >= 0);
	if ((size_t)n < sizeof small) {
		p = arena_strndup(a, small, (size_t)n);
	} else {
		p = arena_alloc(a, (size_t)n + 1);
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}
