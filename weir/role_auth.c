/* role_auth.c - see role_auth.h. */
#include "weir/role_auth.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fatal.h"
#include "base/workers.h"
#include "checks/spf_client.h"
#include "weir/generation.h"
#include "weir/layout.h"
#include "weir/role_start.h"

/* Who asks has the question ready; the library may want room for names. */
enum { PATIENCE = 5, STACK = 512 * 1024, MOST_THREADS = 64 };

static int ending = -1; /* an eventfd, readable when the role is to end */

struct server {
	struct work work; /* first */
	int listener;
};

static void
end(int signal_)
{
	uint64_t one = 1;
	ssize_t n = write(ending, &one, sizeof one);

	(void)signal_;
	(void)n;
}

/* One question after the other; several threads wait for the next. */
static void
serve(struct work *work)
{
	const struct server *server = (const struct server *)(void *)work;
	struct pollfd fds[] = {
		{ .fd = server->listener, .events = POLLIN },
		{ .fd = ending, .events = POLLIN },
	};

	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents != 0)
			return;
		fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			spf_client_serve(
			    fd, clock_mono() + PATIENCE * CLOCK_SECOND);
	}
}

static int
run(struct role_start *p)
{
	static struct server servers[MOST_THREADS];
	struct sigaction sa = { .sa_handler = end };
	struct workers *threads;
	size_t at = 0, n = layout_loops(p->g);
	int listener = handover_find(&p->handover, "auth", &at), status;

	ending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listener < 0 || ending < 0)
		return EX_OSERR;
	(void)sigaction(SIGTERM, &sa, NULL);
	p->jail = (struct jail){ .kind = JAIL_STORE,
		.read = (const char *const[]){ "/dev", "/etc", "/usr", NULL },
		.write = (const char *const[]){ "/dev", NULL } };
	status = role_start_enter(p, p->g->weir.weir_auth_user, "");
	if (status != 0)
		return status;
	n = n < MOST_THREADS ? n : MOST_THREADS;
	threads = workers_new(n, STACK);
	for (size_t i = 0; i < n; i++) {
		servers[i] = (struct server){ .work = { .run = serve },
			.listener = listener };
		workers_give(threads, &servers[i].work);
	}
	workers_free(threads);
	return 0;
}

int
role_auth(int argc, char **argv)
{
	struct role_start start;
	int status = role_start_begin(&start, argc, argv);

	if (status != 0)
		return status;
	return role_start_finish(&start, run(&start));
}
