/* descriptors.c - see descriptors.h. */
#include "base/descriptors.h"

#include <stdint.h>
#include <sys/resource.h>

void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

size_t
descriptors_beside(size_t other)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return limit.rlim_cur / 2 > other ? limit.rlim_cur - other
					  : limit.rlim_cur / 2;
}
