/* milterd_role.c - see milterd_role.h. */
#include "policy/milterd_role.h"

#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/master.h"
#include "base/workers.h"
#include "checks/conduct_keeper.h"
#include "classes/trace_keeper.h"
#include "policy/milterd_calls.h"
#include "policy/milterd_door.h"
#include "policy/policy_door.h"

enum { TICK_MS = 50, WRITERS = 1 };

struct running {
	struct milterd_role *role;
	struct milterd_door *door;
	struct milterd_calls calls;
	struct workers *workers; /* who write traces, and outcomes */
	pthread_t main;          /* who waits for signals */
	int closed;              /* a socket that nobody can connect to */
	_Atomic bool failed;     /* libmilter has ended by itself */
};

/* A listening socket without a name that anybody knows. */
static int
open_closed(void)
{
	const struct sockaddr_un none = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&none, sizeof none.sun_family) !=
		0 ||
	    listen(fd, 1) != 0)
		return -1;
	return fd;
}

/* Answers leave at once, and an MTA whose machine is gone is noticed; connections
 * inherit it.  Another process may take a connection first. */
static void
set_options(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static bool
open_library(struct running *r)
{
	int64_t limit = r->door->base->params.weir_milter_packet_limit;
	char where[32];

	(void)snprintf(where, sizeof where, "fd:%d", r->role->fd);
	set_options(r->role->fd);
	descriptors_raise();
	r->closed = open_closed();
	return r->closed >= 0 && milterd_calls_register(&r->calls) &&
	    smfi_setconn(where) == MI_SUCCESS &&
	    smfi_settimeout((int)(limit / CLOCK_SECOND)) == MI_SUCCESS &&
	    smfi_opensocket(false) == MI_SUCCESS;
}

static void *
serve(void *arg)
{
	struct running *r = arg;

	(void)smfi_main();
	r->failed = true;
	(void)pthread_kill(r->main, SIGQUIT);
	return NULL;
}

/* Wait for the end, then for whoever is still to be served. */
static void
wait_for_end(struct running *r, const sigset_t *set)
{
	static const struct timespec tick = { 0, TICK_MS * 1000000L };
	const _Atomic unsigned *left;
	int64_t until;
	int number;

	do
		number = sigwaitinfo(set, NULL);
	while (number < 0 && errno == EINTR);
	left = number == SIGUSR2 ? &r->calls.open : &r->calls.busy;
	until = clock_mono() + r->role->drain;
	/* libmilter goes on to look at a socket where nobody comes. */
	if (!r->failed)
		(void)dup2(r->closed, r->role->fd);
	if (r->role->retired != NULL)
		r->role->retired(r->role->arg);
	while (*left > 0 && !r->failed && clock_mono() < until)
		(void)sigtimedwait(set, NULL, &tick);
}

/* No call does anything any more; one that cannot be waited for ends with the
 * process, here. */
static void
end_calls(struct running *r)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += r->role->drain / CLOCK_SECOND + 1;
	if (pthread_rwlock_timedwrlock(&r->calls.lock, &until) != 0) {
		event_flush();
		_exit(0);
	}
	r->calls.over = true;
	(void)pthread_rwlock_unlock(&r->calls.lock);
}

static int
start(struct running *r, const struct err *warnings)
{
	struct milterd_role *role = r->role;
	pthread_t thread;
	sigset_t set;
	int status;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGQUIT);
	(void)sigaddset(&set, SIGUSR2);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	status = role->ready(role->arg, warnings->text);
	if (status != 0)
		return status;
	r->workers = workers_new(WRITERS, 0);
	r->calls.visits.world = role->world;
	r->calls.visits.conduct = conduct_keeper_new(role->world, r->workers);
	if (role->state != NULL)
		r->calls.visits.traces =
		    trace_keeper_new(role->state, r->workers);
	r->main = pthread_self();
	if (pthread_create(&thread, NULL, serve, r) != 0)
		fatal("cannot start a thread");
	(void)pthread_detach(thread);
	wait_for_end(r, &set);
	end_calls(r);
	workers_free(r->workers);
	trace_keeper_free(r->calls.visits.traces);
	conduct_keeper_free(r->calls.visits.conduct);
	return 0;
}

int
milterd_role_run(struct milterd_role *role)
{
	/* Threads of libmilter may look at it until the process ends. */
	static struct running r = { .calls = {
					.lock = PTHREAD_RWLOCK_INITIALIZER } };
	struct err warnings = { 0 };

	r.role = role;
	r.door = milterd_door_open(
	    role->service, role->conf, role->strict, &warnings);
	if (r.door == NULL) {
		event_warning(NULL, "%s", warnings.text);
		return EX_CONFIG;
	}
	r.calls.visits.door = r.door;
	r.calls.service = role->service->name;
	r.calls.most =
	    r.door->base->most_busy > 0 ? (unsigned)r.door->base->most_busy : 0;
	if (!open_library(&r)) {
		event_warning(NULL, "milter: libmilter cannot use the socket");
		return EX_OSERR;
	}
	return start(&r, &warnings);
}
