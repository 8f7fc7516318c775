/* shared_page.h - a page that a test has made, which the processes that it
 * starts share with it. */
#ifndef T_PRELOAD_SHARED_PAGE_H
#define T_PRELOAD_SHARED_PAGE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* shared_page(variable, size): the file that this variable of the environment
 * names; NULL: there is none. */
static inline void *
shared_page(const char *variable, size_t size)
{
	const char *path = getenv(variable);
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	return p != MAP_FAILED ? p : NULL;
}

#endif
