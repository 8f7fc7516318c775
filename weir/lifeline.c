/* lifeline.c - see lifeline.h. */
#include "weir/lifeline.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fatal.h"
#include "weir/handover.h"

enum { TICK_MS = 50 };

/* Who has it may still write to the log; kept to the end. */
static pthread_mutex_t last_word = PTHREAD_MUTEX_INITIALIZER;

static int64_t drain_limit; /* of the watching thread; set before it starts */

void
lifeline_leave(void)
{
	(void)pthread_mutex_lock(&last_word);
}

/* Is the supervisor gone?  Waits so many milliseconds for it, -1: for ever. */
static bool
is_gone(int patience)
{
	/* POLLHUP always counts. */
	struct pollfd p = { .fd = HANDOVER_CONTROL };
	int n;

	do
		n = poll(&p, 1, patience);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		fatal("poll of the control socket");
	return n > 0;
}

void
lifeline_kill(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	/* Who died before that sends no signal. */
	if (is_gone(0))
		_exit(0);
}

void
lifeline_own(void)
{
	must(prctl(PR_SET_PDEATHSIG, 0) == 0);
}

static void *
watch(void *arg)
{
	int64_t until;

	(void)arg;
	(void)is_gone(-1);
	until = clock_mono() + drain_limit + CLOCK_SECOND;
	(void)kill(getpid(), SIGTERM);
	/* What a supervisor does with one that is late. */
	while (clock_mono() < until)
		(void)poll(NULL, 0, TICK_MS);
	if (pthread_mutex_trylock(&last_word) != 0)
		_exit(0);
	event_warning(NULL,
	    "the supervisor is gone, and something is still "
	    "under way; ending it");
	event_flush();
	_exit(0);
}

void
lifeline_drain(int64_t limit)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;

	lifeline_own();
	drain_limit = limit;
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, &attr, watch, NULL) != 0)
		fatal("cannot start a thread");
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
}
