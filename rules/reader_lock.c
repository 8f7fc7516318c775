/* reader_lock.c - see reader_lock.h. */
#include "rules/reader_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"

enum { WAIT_SECONDS = 5, STEP_MS = 10 };

static int
set(int fd, enum reader_lock_style style, bool locked)
{
	struct flock all = { .l_type = (short)(locked ? F_RDLCK : F_UNLCK),
		.l_whence = SEEK_SET };

	if (style == READER_LOCK_FLOCK)
		return flock(fd, locked ? LOCK_SH | LOCK_NB : LOCK_UN);
	return fcntl(fd, F_OFD_SETLK, &all);
}

bool
reader_lock_take(int fd, enum reader_lock_style style)
{
	int64_t deadline = clock_mono() + WAIT_SECONDS * CLOCK_SECOND;

	while (set(fd, style, true) != 0) {
		if ((errno != EAGAIN && errno != EACCES && errno != EINTR) ||
		    clock_mono() > deadline)
			return false;
		(void)poll(NULL, 0, STEP_MS);
	}
	return true;
}

void
reader_lock_drop(int fd, enum reader_lock_style style)
{
	(void)set(fd, style, false);
}
