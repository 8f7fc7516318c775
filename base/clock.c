/* clock.c - see clock.h. */
#include "base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* What is added to both clocks, and to that on the wall alone; NULL: nothing. */
static const int64_t *shared;

enum { BOTH, WALL, OFFSETS };

/* The same, by this process itself. */
static int64_t pretended[OFFSETS];

static int64_t
offset(int of)
{
	return pretended[of] +
	    (shared != NULL ? __atomic_load_n(shared + of, __ATOMIC_RELAXED)
			    : 0);
}

void
clock_pretend(int64_t later, int64_t wall)
{
	pretended[BOTH] = later;
	pretended[WALL] = wall;
}

static int64_t
get(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return ts.tv_sec * CLOCK_SECOND + ts.tv_nsec;
}

int64_t
clock_now(void)
{
	return get(CLOCK_REALTIME) + offset(BOTH) + offset(WALL);
}

int64_t
clock_mono(void)
{
	return get(CLOCK_MONOTONIC) + offset(BOTH);
}

int64_t
clock_cpu(void)
{
	return get(CLOCK_PROCESS_CPUTIME_ID);
}

bool
clock_shared(void)
{
	return shared != NULL;
}

void
clock_open(void)
{
#ifndef NDEBUG
	const char *path = secure_getenv("WEIR_CLOCK");
	void *page;
	int fd;

	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	page =
	    mmap(NULL, OFFSETS * sizeof *shared, PROT_READ, MAP_SHARED, fd, 0);
	if (page != MAP_FAILED)
		shared = page;
	(void)close(fd);
#endif
}
