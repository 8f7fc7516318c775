/* acceptor.c - see acceptor.h. */
#include "base/acceptor.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/clock.h"

enum { AT_ONCE = 64 };
#define PAUSE (100 * CLOCK_MS)

static bool
is_want(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

static void
ready(struct loop_fd *watch, unsigned what)
{
	struct acceptor *a = (struct acceptor *)((char *)watch -
	    offsetof(struct acceptor, watch));
	struct sockaddr_storage from;
	socklen_t n;
	int fd;

	(void)what;
	for (int i = 0; i < AT_ONCE; i++) {
		n = sizeof from;
		fd = accept4(watch->fd, (struct sockaddr *)&from, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			a->came(a, fd, (struct sockaddr *)&from);
		} else if (is_want(errno)) {
			if (a->want != NULL)
				a->want(a);
			loop_forget(a->loop, watch);
			loop_timer_set(
			    a->loop, &a->again, clock_mono() + PAUSE);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

static void
look_again(struct loop_timer *timer)
{
	struct acceptor *a = (struct acceptor *)((char *)timer -
	    offsetof(struct acceptor, again));

	loop_watch_level(a->loop, &a->watch, a->share);
}

void
acceptor_open(struct acceptor *a, struct loop *loop, int fd)
{
	a->loop = loop;
	a->watch = (struct loop_fd){ .fd = fd, .ready = ready };
	a->again = (struct loop_timer){ .fire = look_again };
	loop_watch_level(loop, &a->watch, a->share);
}

void
acceptor_close(struct acceptor *a)
{
	if (a->again.place != 0)
		loop_timer_cancel(a->loop, &a->again);
	else
		loop_forget(a->loop, &a->watch);
}
