/* floors.c - see floors.h. */
#include "base/floors.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/workers.h"

enum { DEFAULT_WORKERS = 128, TICK_MS = 100 };

/* No floor listens any more. */
static void
shut(struct floors *floors)
{
	const struct floors_plan *plan = floors->plan;

	for (size_t i = 0; i < plan->nlisteners; i++)
		(void)close(plan->listeners[i].fd);
	if (floors->others)
		plan->retired(plan->arg);
}

/* Nobody else comes in. */
static void
leave(struct floor *f)
{
	struct floors *floors = f->floors;

	for (size_t i = 0; i < f->ndoors; i++)
		floors->kind->leave(f->doors[i]);
	f->ndoors = 0;
	if (f->has_left)
		return;
	f->has_left = true;
	if (++floors->left == floors->count)
		shut(floors);
}

static void
retire(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, retire));

	leave(f);
	f->floors->kind->retire(f);
}

static void
drain(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, drain));

	leave(f);
	f->floors->kind->drain(f);
}

static void
cut(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, cut));

	f->floors->kind->cut(f);
}

static void *
serve(void *arg)
{
	struct floor *f = arg;

	event_hold(1);
	loop_run(f->loop);
	event_hold(0);
	f->over = true;
	return NULL;
}

static struct floor *
open_floor(struct floors *floors, unsigned number)
{
	const struct floors_plan *plan = floors->plan;
	struct floor *f = calloc(1, floors->kind->size);

	if (f == NULL)
		fatal("out of memory");
	f->floors = floors;
	f->number = number;
	f->retire.run = retire;
	f->drain.run = drain;
	f->cut.run = cut;
	f->loop = loop_new();
	f->doors = calloc(plan->nlisteners + 1, sizeof(void *));
	if (f->doors == NULL)
		fatal("out of memory");
	floors->kind->open(f);
	for (size_t i = 0; i < plan->nlisteners; i++) {
		const struct floors_listener *l = &plan->listeners[i];

		if (l->loop < 0 || (unsigned)l->loop % floors->count == number)
			f->doors[f->ndoors++] = floors->kind->enter(
			    f, l, l->loop < 0 && floors->count > 1);
	}
	return f;
}

static void
close_floor(struct floor *f)
{
	f->floors->kind->close(f);
	loop_free(f->loop);
	free(f->doors);
	free(f);
}

/* What is said leaves at once; connections inherit it from their listener. */
static void
set_options(const struct floors_plan *plan)
{
	int on = 1;

	for (size_t i = 0; i < plan->nlisteners; i++)
		(void)setsockopt(plan->listeners[i].fd, IPPROTO_TCP,
		    TCP_NODELAY, &on, sizeof on);
}

static bool
all_over(const struct floors *floors)
{
	for (unsigned i = 0; i < floors->count; i++)
		if (!floors->all[i]->over)
			return false;
	return true;
}

/* Wait for SIGUSR2 or SIGTERM, then for the clients, at most plan->drain. */
static void
wait_for_end(struct floors *floors, const sigset_t *set)
{
	static const struct timespec tick = { 0, TICK_MS * 1000000L };
	int64_t until;
	int number;

	do
		number = sigwaitinfo(set, NULL);
	while (number < 0 && errno == EINTR);
	until = clock_mono() + floors->plan->drain;
	floors->others = number == SIGUSR2;
	if (floors->others && floors->kind->retire != NULL) {
		for (unsigned i = 0; i < floors->count; i++)
			loop_post(
			    floors->all[i]->loop, &floors->all[i]->retire);
		while (number != SIGTERM && !all_over(floors) &&
		    clock_mono() < until)
			number = sigtimedwait(set, NULL, &tick);
	}
	for (unsigned i = 0; i < floors->count && !all_over(floors); i++)
		loop_post(floors->all[i]->loop, &floors->all[i]->drain);
	while (!all_over(floors) && clock_mono() < until)
		(void)sigtimedwait(&(sigset_t){ 0 }, NULL, &tick);
	for (unsigned i = 0; i < floors->count && !all_over(floors); i++)
		loop_post(floors->all[i]->loop, &floors->all[i]->cut);
}

static void
run(struct floors *floors, const sigset_t *set)
{
	floors->workers = workers_new(floors->nworkers, 0);
	floors->kind->begin(floors);
	for (unsigned i = 0; i < floors->count; i++)
		floors->all[i] = open_floor(floors, i);
	for (unsigned i = 0; i < floors->count; i++)
		if (pthread_create(&floors->all[i]->thread, NULL, serve,
			floors->all[i]) != 0)
			fatal("cannot start a thread");
	wait_for_end(floors, set);
	for (unsigned i = 0; i < floors->count; i++)
		(void)pthread_join(floors->all[i]->thread, NULL);
	workers_free(floors->workers);
	for (unsigned i = 0; i < floors->count; i++)
		close_floor(floors->all[i]);
	floors->kind->end(floors);
}

int
floors_run(struct floors *floors, const char *warnings)
{
	const struct floors_plan *plan = floors->plan;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	sigset_t set;
	int status;

	/* Blocked before there are threads, so that only sigwaitinfo() takes
	 * them. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR2);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	status = plan->ready(plan->arg, warnings);
	if (status != 0)
		return status;
	floors->nworkers = plan->workers > 1 ? plan->workers : DEFAULT_WORKERS;
	floors->count = plan->loops > 0 ? plan->loops
	    : processors > 0            ? (unsigned)processors
					: 1;
	floors->all = calloc(floors->count, sizeof(struct floor *));
	if (floors->all == NULL)
		fatal("out of memory");
	set_options(plan);
	run(floors, &set);
	free(floors->all);
	return 0;
}

void
floors_ceilings(
    const struct floors *floors, unsigned workers, unsigned *most, size_t count)
{
	size_t sum = 0, share;

	for (size_t i = 0; i < count; i++)
		sum += most[i] > 0 ? most[i] : workers;
	for (size_t i = 0; i < count; i++) {
		share = most[i] > 0 ? most[i] : workers;
		if (sum >= workers)
			share = share * (workers - 1) / sum;
		share /= floors->count;
		most[i] = share > 0 ? (unsigned)share : 1;
	}
}

size_t
floors_clients(const struct floors *floors, size_t most)
{
	most /= floors->count;
	return most > 0 ? most : 1;
}
