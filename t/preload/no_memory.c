/* no_memory.c - at an allocation that a test has chosen there is no memory
 * (hostile 106).
 *
 * All processes of a gateway count together, in a page that the test has made
 * and that NO_MEMORY_PAGE names; number "fail" gets nothing, once. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "t/preload/shared_page.h"

/* glibc's own, by the names that it keeps for this. */
extern void *libc_malloc(size_t size) __asm__("__libc_malloc");
extern void *libc_calloc(size_t count, size_t size) __asm__("__libc_calloc");
extern void *libc_realloc(void *p, size_t size) __asm__("__libc_realloc");

/* As t/no_memory.t writes and reads it. */
struct page {
	_Atomic int64_t fail, count, failed;
};

static struct page *page;

__attribute__((constructor)) static void
begin(void)
{
	page = shared_page("NO_MEMORY_PAGE", sizeof *page);
}

static bool
is_its_turn(void)
{
	int64_t fail = page != NULL ? atomic_load(&page->fail) : -1;

	/* -1: nobody counts. */
	if (fail < 0 || atomic_fetch_add(&page->count, 1) + 1 != fail)
		return false;
	atomic_store(&page->failed, 1);
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return is_its_turn() ? NULL : libc_malloc(size);
}

void *
calloc(size_t nmemb, size_t size)
{
	return is_its_turn() ? NULL : libc_calloc(nmemb, size);
}

void *
realloc(void *ptr, size_t size)
{
	return is_its_turn() ? NULL : libc_realloc(ptr, size);
}
