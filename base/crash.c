/* crash.c - see crash.h. */
#include "base/crash.h"

#ifdef NDEBUG
typedef int crash_nothing; /* a translation unit must not be empty */
#else

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic long passed;

void
crash_point(const char *name)
{
	const char *want = getenv("WEIR_CRASH");
	size_t n = strlen(name);
	long when;

	if (want == NULL || strncmp(want, name, n) != 0 ||
	    (want[n] != '\0' && want[n] != ':'))
		return;
	when = want[n] == ':' ? strtol(want + n + 1, NULL, 10) : 1;
	if (atomic_fetch_add(&passed, 1) + 1 == when)
		(void)kill(getpid(), SIGKILL);
}

#endif
